#!/usr/bin/env bash
# boot.sh ROOT ENVIRONMENT SCRIPT SHARED: systemd as PID 1 of the namespaces that this is run in.
#
# Its root holds /usr, the environment as /opt/identity-worker with SCRIPT as its command, SHARED as /mnt, and is empty
# otherwise: nothing of this machine can be changed by it.
set -euo pipefail
root=$1 environment=$2 script=$3 shared=$4

mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
cd "$root"
mkdir -p usr etc/systemd/system var/log run tmp proc sys dev opt/identity-worker mnt root old
chmod 1777 tmp
for link in bin sbin lib lib64; do ln -s "usr/$link" "$link"; done
mount --rbind -o ro /usr usr
mount --rbind /dev dev
mount --bind /dev/null dev/console
mount --rbind /sys sys
mount -t proc proc proc
! mountpoint -q sys/fs/cgroup || umount -R sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --bind "$environment" opt/identity-worker
mount --bind "$script" opt/identity-worker/bin/identity-worker
mount --bind "$shared" mnt
mount -t tmpfs tmpfs run
for each in passwd group ld.so.cache hosts nsswitch.conf; do cp "/etc/$each" etc/; done
for each in alternatives dbus-1 ssl; do [[ ! -e /etc/$each ]] || cp -r "/etc/$each" etc/; done
printf '%032x\n' $$ > etc/machine-id
# What would set up the kernel, which is the machine's own, or ask a person.
for each in binfmt firstboot modules-load networkd networkd-wait-online pcrphase pcrphase-sysinit random-seed \
    remount-fs resolved sysctl sysusers tmpfiles-setup tmpfiles-setup-dev udev-trigger udevd update-utmp; do
    ln -s /dev/null "etc/systemd/system/systemd-$each.service"
done
ln -s /dev/null etc/systemd/system/systemd-tmpfiles-clean.timer
ip link set lo up
pivot_root . old
cd /
umount -l /old
# Where services are to see what is mounted for them, their credentials.
mount --make-rshared /
exec env -i container=unshare PATH=/usr/sbin:/usr/bin \
    /usr/lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=0
