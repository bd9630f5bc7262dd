"""Where `web` listens."""

from urllib.request import urlopen

import redis
from processes import ProcessFactory, free_port, script
from support import eventually


def test_web_listens_on_the_port_that_a_platform_names(
    client: "redis.Redis", start: ProcessFactory, environment: dict[str, str]
) -> None:
    environment["PORT"] = str(free_port())
    web = start("web", [script("identity-worker"), "web"])
    eventually(client, lambda: "web.listens" in web.written())
    with urlopen(f"http://127.0.0.1:{environment['PORT']}/healthz", timeout=10) as answer:
        assert answer.read() == b"ok\n"
