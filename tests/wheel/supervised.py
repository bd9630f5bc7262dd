"""The units of deploy/systemd under a real systemd, which is PID 1 of namespaces of its own; needs root.

Everything is set up as docs/deploying.md tells. `make test-wheel` runs it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from installation import ROOT, Site, until

PROCESSES = ("work", "listen", "web", "archive", "deliver")
UNITS = [f"identity-worker@{each}" for each in PROCESSES]
STATE = "/var/lib/identity-worker"
SPEED = "60"
#: Of its own, all of them but the users.
NAMESPACES = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup")
#: What root writes before the first start, by its file below /etc/identity-worker.
GIVEN = {
    "redis-password": "pass word\n",
    "tokens/shop": "sandbox-shop\n",
    "accounts.toml": '[accounts.shop]\ntoken_file = "tokens_shop"\n',
    "environment": "REDIS_URL=redis://127.0.0.1:6379/0\n"
    '  PIKTID_API_URL="http://127.0.0.1:8900" \n'
    f"# quicker\nIDENTITY_WORKER_SPEED={SPEED}\nIDENTITY_WORKER_ARCHIVE={STATE}/archive",
}
#: Mounts what `boot.sh` does, which a container of its own does not allow.
_MOUNTS = "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mount -t cgroup2 cgroup2 /mnt"
_MAY = (
    os.geteuid() == 0
    and not subprocess.run(["unshare", *NAMESPACES, "--fork", "sh", "-c", _MOUNTS], check=False).returncode
)

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not _MAY, reason="only root can start a systemd, where it may make namespaces"),
]

KEPT = "--appendonly yes --appendfsync always --maxmemory-policy noeviction"


class Machine:
    """A machine that a systemd runs, with `shared` as its /mnt."""

    def __init__(self, first: int, shared: Path) -> None:
        self._inside = ["nsenter", "-t", str(first), "-m", "-p", "-n", "-i", "-u", "-C", "-r", "-w"]
        self.shared = shared

    def tried(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a program on it, as root."""
        command = [*self._inside, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def run(self, *words: str) -> str:
        """Run a program that must end well; return what it says."""
        ended = self.tried(*words)
        assert ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}{self._journal()}"
        return ended.stdout

    def told(self, name: str, units: Sequence[str] = UNITS) -> list[str]:
        """Return a property of each unit."""
        return self.run("systemctl", "show", "--value", "--property", name, *units).split()

    def _journal(self) -> str:
        return self.tried("journalctl", "--quiet", "--no-pager", "--lines=40", "_TRANSPORT=stdout").stdout


@contextmanager
def booted(site: Site, folder: Path) -> Iterator[Machine]:
    """Start a systemd that has the wheel's environment in /opt/identity-worker."""
    root, shared, script = folder / "root", folder / "shared", folder / "identity-worker"
    for each in (root, shared):
        each.mkdir(parents=True)
    lines = (site.environment / "bin/identity-worker").read_text().splitlines()
    script.write_text("\n".join(["#!/opt/identity-worker/bin/python", *lines[1:]]))
    script.chmod(0o755)
    boot = [Path(__file__).with_name("boot.sh"), root, site.environment, script, shared]
    command = ["unshare", *NAMESPACES, "--fork", "--kill-child", *boot]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as outside:
        try:
            children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children")
            until(lambda: bool(children.read_text()))
            machine = Machine(int(children.read_text()), shared)
            until(lambda: machine.tried("systemctl", "is-system-running").stdout.strip() == "running")
            yield machine
        finally:
            outside.kill()


def install(machine: Machine, *, without: Sequence[str] = (), password: str = "") -> None:
    """Set up the units, a Redis and the sandbox; `without` some files, and the lines that name these."""
    for name, content in GIVEN.items():
        if name not in without:
            machine.run("mkdir", "-p", str(Path("/etc/identity-worker", name).parent))
            (machine.shared / "given").write_text(content)
            machine.run("install", "-m", "0600", "/mnt/given", f"/etc/identity-worker/{name}")
    machine.run("chmod", "a+r", "/etc/identity-worker/environment")
    machine.tried("chmod", "a+r", "/etc/identity-worker/accounts.toml")
    unit = (ROOT / "deploy/systemd/identity-worker@.service").read_text().splitlines()
    (machine.shared / "unit").write_text(
        "\n".join(line for line in unit if not any(f"/{Path(each).parts[0]}" in line for each in without))
    )
    machine.run("install", "/mnt/unit", "/etc/systemd/system/identity-worker@.service")
    shutil.copy(ROOT / "deploy/systemd/identity-worker", machine.shared)
    redis = ["redis-server", "--dir", "/root", *KEPT.split(), *(["--requirepass", password] * bool(password))]
    machine.run("systemd-run", "--quiet", "--unit=redis", *redis)
    sandbox = ["/opt/identity-worker/bin/identity-worker", "sandbox", "--speed", SPEED]
    machine.run("systemd-run", "--quiet", "--unit=sandbox", *sandbox)


def operate(machine: Machine, *words: str) -> str:
    """Run a command as an operator does; return what it says."""
    return machine.run("/mnt/identity-worker", *words)


def test_units_carry_a_brief_to_its_end_and_are_read_again(site: Site, place: Path) -> None:
    with booted(site, place / "all") as machine:
        install(machine, password="pass word")
        machine.run("systemctl", "enable", "--now", *UNITS)
        (machine.shared / "ada.json").write_text('{"instructions": [{"appearance": {"gender": "female"}}]}')
        operate(machine, "enqueue", "/mnt/ada.json", "--account", "shop")
        operate(machine, "wait", "--account", "shop", "--timeout", "100s")
        stored = f"{STATE}/archive/no-batch"
        until(lambda: "metadata.json" in machine.tried("ls", "-R", stored).stdout)
        operate(machine, "webhook", "set", "https://shop.example/webhooks/shop", "--account", "shop", "--yes")
        operate(machine, "hooks", "add", "https://shop.example/events", "--name", "shop")
        # Whoever the units run as owns the folder that these make.
        owner = machine.run("stat", "--format", "%u", f"{STATE}/")
        owners = machine.run("find", f"{STATE}/secrets/", "-type", "f", "-printf", "%f %U %m\n")
        assert sorted(owners.split("\n")) == [
            "",
            *(f"{name} {owner.strip()} 600" for name in ("shop", "shop.json")),
        ]
        assert int(owner) > 0
        machine.run("systemctl", "reload", *UNITS)
        until(lambda: machine.told("SubState") == ["running"] * len(UNITS))
        until(lambda: "fail" not in machine.tried("/mnt/identity-worker", "doctor").stdout)
        machine.run("systemctl", "stop", *UNITS)
        assert machine.told("Result") == ["success"] * len(UNITS)
        assert machine.told("NRestarts") == ["0"] * len(UNITS)


def test_units_need_no_secrets_where_the_token_stands_in_the_environment(site: Site, place: Path) -> None:
    with booted(site, place / "one") as machine:
        install(machine, without=("redis-password", "tokens/shop", "accounts.toml"))
        machine.run("sh", "-c", "printf '\nPIKTID_API_TOKEN=sandbox-a\n' >> /etc/identity-worker/environment")
        two = UNITS[:2]
        machine.run("systemctl", "start", *two)
        until(lambda: "ok   workers: 1 alive" in machine.tried("/mnt/identity-worker", "doctor").stdout)
        assert machine.told("NRestarts", two) == ["0", "0"]
        machine.run("sh", "-c", "echo IDENTITY_WORKER_SPEED=fast >> /etc/identity-worker/environment")
        machine.tried("systemctl", "restart", *two)
        until(lambda: machine.told("ExecMainStatus", two) == ["2", "2"])
        assert machine.told("NRestarts", two) == ["0", "0"]
