"""What of these tests is for machines that have certain programs; `.ci/run` installs them."""

from shutil import which

collect_ignore = [] if which("haproxy") and which("redis-server") else ["test_failover_haproxy.py"]
