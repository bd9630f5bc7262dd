"""The namespace: what stands before every key of an installation, so that several share one server.

With braces it is a hash tag (Redis Cluster specification, *Hash tags*): the keys of `{studio}:` share a slot.
"""

import re
from collections.abc import Mapping

from config import shards
from config.errors import IdentityWorkerError

#: The variable that names it.
VARIABLE = "IDENTITY_WORKER_NAMESPACE"
#: Characters of the longest one: it is sent with each command.
LONGEST = 64
_RULE = (
    f"must be at most {LONGEST} letters, digits and . _ - in parts between colons, as studio or eu:studio, "
    "with no braces or one pair around whole parts, as {studio}"
)
_PART = r"[A-Za-z0-9._-]+"
_FORM = re.compile(rf"{_PART}(:{_PART})*|({_PART}:)*\{{{_PART}(:{_PART})*\}}(:{_PART})*")
#: What our own keys begin with: behind `identity:batch` they would be those of some batch.
_TAKEN = {"identity", "dramatiq"}


class NamespaceError(IdentityWorkerError, ValueError):
    """Raised when the namespace is wrong; names it, and the rule."""


def given(environment: Mapping[str, str]) -> str:
    """Return what the environment says stands before each key, "" where it says nothing.

    Of a process that serves one shard it is that one's; of any other the namespace itself. As with all
    settings, the case of a variable's name does not matter. Raises NamespaceError.
    """
    named = {name.upper(): value for name, value in environment.items()}
    namespace, served = check(named.get(VARIABLE, "")), named.get(shards.SERVED, "")
    return shards.namespace_of(namespace, int(served)) if served.isdecimal() else namespace


def check(value: str) -> str:
    """Return a namespace as it stands before a key: with one colon at its end, "" of none.

    Raises NamespaceError.
    """
    name = value.removesuffix(":")
    if not value:
        return ""
    if len(value) > LONGEST or not _FORM.fullmatch(name):
        raise NamespaceError(f"{value[:LONGEST]!r} {_RULE}")
    if taken := _TAKEN.intersection(re.split("[:{}]", name)):
        raise NamespaceError(f"{value!r} has the part {taken.pop()}, which is what our own keys begin with")
    return f"{name}:"
