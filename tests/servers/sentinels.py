"""Three Sentinels over a primary and its replicas: a failover takes about two seconds."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.certificates import Certificates
from tests.servers.server import DURABLE, PROGRAM, Server, closing, until

#: What the Sentinels call the primary.
NAME = "studio"
#: Ms without an answer: a server is down. Too few for a busy machine make failovers that nobody asked for.
DOWN_MS = 1_000
#: What Sentinels and replicas sign in as, where they have a user of their own.
KEEPER = "keeper"
#: What they send all the time.
_ASKED = {"ping", "info", "publish", "subscribe"}
#: Ms between their own questions: by themselves they see a new replica, or each other, after ten seconds.
_QUICK = {"info-period": 200, "publish-period": 200, "ask-period": 200, "ping-period": 200}


@dataclass
class Sentinels:
    """Sentinels and the servers that they look after."""

    sentinels: list[Server]
    servers: list[Server]

    @property
    def hosts(self) -> str:
        """All Sentinels, as they stand in a URL."""
        return ",".join(each.address for each in self.sentinels)

    @property
    def url(self) -> str:
        """The address without users and passwords."""
        return f"redis+sentinel://{self.hosts}/{NAME}/0"

    @property
    def primary(self) -> Server:
        """The server that the Sentinels name as the primary now."""
        asked = self._answering()[0]
        port = int(asked.client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1])
        return next(each for each in self.servers if each.port == port)

    @property
    def replicas(self) -> list[Server]:
        """All servers but the primary."""
        return [each for each in self.servers if each is not self.primary]

    def begin(self) -> object:
        """Switch by hand, as an operator does; raises redis.RedisError while another one is under way."""
        return self.sentinels[0].client.execute_command("SENTINEL", "FAILOVER", NAME)

    def failover(self) -> None:
        """Switch by hand; return once the new primary leads and all Sentinels say so."""
        old = self.primary
        until(lambda: self._has_switched(old))
        self.left(old)

    def _has_switched(self, old: Server) -> bool:
        """Begin, also anew where it was broken off: on a busy machine no replica had answered in time."""
        told = _told(self.sentinels[0])
        if int(told["port"]) == old.port and told["flags"] == "master":
            self.begin()
        return int(told["port"]) != old.port

    def left(self, old: Server) -> None:
        """Return once all Sentinels name another primary than `old`, and it leads: after a kill or freeze.

        And once none is at it any more: a Sentinel whose new primary is lost before it has told all replicas
        of it names that one until it is back.
        """
        until(lambda: {each.port for each in self._named()}.isdisjoint({old.port}) and self._leads())
        until(lambda: all(_told(each)["flags"] == "master" for each in self._answering()))

    def cut_off(self, server: Server) -> None:
        """Part a server from Sentinels and replicas until `join`, and from nobody else.

        They must be given a `keeper`, whom it does not let in.
        """
        server.client.execute_command("ACL", "SETUSER", KEEPER, "off")
        server.client.execute_command("CLIENT", "KILL", "USER", KEEPER)

    def join(self, server: Server) -> None:
        """Let Sentinels and replicas reach a server again that was cut off."""
        server.client.execute_command("ACL", "SETUSER", KEEPER, "on")
        # They stay connected as nobody: a refusal is an answer to them, and no reason to connect again.
        for each in server.client.client_list():
            if each["cmd"] in _ASKED:
                server.client.client_kill_filter(_id=each["id"])

    def is_whole(self) -> bool:
        """Return whether all Sentinels know each other and all servers, and the replicas have caught up."""
        others = str(len(self.sentinels) - 1)
        replicas = str(len(self.servers) - 1)
        for each in self.sentinels:
            known = _told(each)
            found = known["num-other-sentinels"], known["num-slaves"], known["flags"]
            if found != (others, replicas, "master"):
                return False
        return all(each.has_caught_up() for each in self.replicas)

    def _named(self) -> list[Server]:
        answers = [
            each.client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
            for each in self._answering()
        ]
        return [each for each in self.servers for host, port in answers if each.port == int(port)]

    def _answering(self) -> list[Server]:
        return [each for each in self.sentinels if each.answers()]

    def _leads(self) -> bool:
        return len({each.port for each in self._named()}) == 1 and self.primary.role() == "master"


def _told(sentinel: Server) -> dict[str, str]:
    """Return what a Sentinel says of the primary."""
    answer = sentinel.client.execute_command("SENTINEL", "MASTER", NAME)
    known = answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
    return {name: str(value) for name, value in known.items()}


@contextmanager
def sentinels(
    folder: Path,
    lines: Iterable[str] = DURABLE,
    *,
    replicas: int = 2,
    password: str = "",
    sentinel_password: str = "",
    tls: Certificates | None = None,
    program: Sequence[str] = PROGRAM,
    timeout_ms: int = 6_000,
    keeper: bool = False,
) -> Iterator[Sentinels]:
    """Run three Sentinels, a primary and its replicas, each with these lines of configuration; yield them.

    `password` is that of the servers' default user, `sentinel_password` that of the Sentinels' own. Two
    failovers by themselves are at least twice `timeout_ms` apart. A `keeper`, which needs a password, is a
    user of their own for Sentinels and replicas.
    """
    how: dict[str, Any] = {"program": program, "tls": tls}
    # Else a replica would wait for others that want to be filled too.
    given = [*lines, "repl-diskless-sync-delay 0", *(["tls-replication yes"] if tls else [])]
    if keeper:
        given += [f'user {KEEPER} on ">{password}" ~* &* +@all', f"masteruser {KEEPER}"]
    primary = Server(folder / "server-0", given, password=password, **how)
    follow = [*given, f"replicaof 127.0.0.1 {primary.port}"]
    names = [f"server-{number + 1}" for number in range(replicas)]
    servers = [primary, *(Server(folder / name, follow, password=password, **how) for name in names)]
    watch = [
        f"sentinel monitor {NAME} 127.0.0.1 {primary.port} 2",
        f"sentinel down-after-milliseconds {NAME} {DOWN_MS}",
        f"sentinel failover-timeout {NAME} {timeout_ms}",
        f"sentinel parallel-syncs {NAME} 5",
        *([f'sentinel auth-pass {NAME} "{password}"'] if password else []),
        *([f"sentinel auth-user {NAME} {KEEPER}"] if keeper else []),
        *([f'sentinel sentinel-pass "{sentinel_password}"'] if sentinel_password else []),
        *(["tls-replication yes"] if tls else []),
    ]
    keep = [
        Server(folder / f"sentinel-{number}", watch, sentinel=True, password=sentinel_password, **how)
        for number in range(3)
    ]
    with closing([*keep, *servers]):
        for each in servers:
            each.begin()
        for each in servers:
            until(each.answers)
        until(lambda: all(each.has_caught_up() for each in servers[1:]))
        for each in keep:
            each.begin()
        for each in keep:
            until(each.answers)
            quick = [part for pair in _QUICK.items() for part in pair]
            each.client.execute_command("SENTINEL", "DEBUG", *quick)
        all_ = Sentinels(keep, servers)
        until(all_.is_whole)
        yield all_
