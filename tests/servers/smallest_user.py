"""The smallest user of a Redis that docs/deploying.md tells of."""

import re
from pathlib import Path

from tests.servers.server import Server

_PAGE = Path(__file__).parents[2] / "docs/deploying.md"


def let_in(server: Server, name: str, *namespaces: str) -> None:
    """Give a server that user, by this name, with the password `pw` and for the keys of these namespaces."""
    page = _PAGE.read_text(encoding="utf-8")
    (rules,) = re.findall(r"(?<=<!-- begin user -->\n```\n)ACL SETUSER .*?(?=\n```)", page, re.DOTALL)
    patterns = " ".join(rf"~{each}\1" for each in namespaces or ("",))
    given = re.sub(r"~(\S+)", patterns, rules).replace("worker", name, 1).replace(">PASSWORD", ">pw")
    server.client.execute_command(*given.split())
    server.client.execute_command("ACL", "LOG", "RESET")
