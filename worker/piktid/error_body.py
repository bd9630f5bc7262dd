"""Reads the body of an error answer: its message, the fields at fault, the blocked term.

The guide shows few such bodies and frameworks differ, so several shapes are read (piktid-v2.md 6.14 to 6.19).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.text import printable
from worker.piktid.json_values import UnreadableError, decode, text

if TYPE_CHECKING:
    from worker.piktid.answers import Reply

#: Longest text of the API's kept in an error, in characters.
EXCERPT_LENGTH = 1000

#: How much of a body is searched for words, in characters: enough for any error, little for a hostile page.
SEARCHED_LENGTH = 8000

_QUOTED_TERM = re.compile(r"blocked terms?\s*[:=]\s*(['\"])(.+?)\1(?!\w)", re.IGNORECASE)
_BARE_TERM = re.compile(r"blocked terms?\s*[:=]\s*([^'\".,;]+)", re.IGNORECASE)

#: A link's query: signed links carry their right of access there.
_QUERY = re.compile(r"\?[^\s\"'<>?]*=[^\s\"'<>]*")


# Without a repr: `secret` is in clear, and `body` and `texts` may quote it.
@dataclass(frozen=True, slots=True, repr=False)
class Refusal:
    """What can be read of an answer that says no; its properties and `excerpt` are cleaned of the secret."""

    reply: "Reply"
    legible: bool
    """Whether the body is all there, and a JSON object."""
    body: dict[str, object]
    texts: str
    excerpt: str
    secret: str

    @classmethod
    def read(cls, reply: "Reply", secret: str) -> "Refusal":
        """Read a reply as far as it can be read; whatever its body holds, this raises nothing."""
        try:
            decoded = decode(reply.body)
        except UnreadableError:
            decoded = None
        raw = reply.body.decode("utf-8", "replace")
        leaves = " ".join(leaf for _, leaf in _leaves(decoded) if isinstance(leaf, str))
        body = decoded if isinstance(decoded, dict) else {}
        texts = (leaves if body else raw)[:SEARCHED_LENGTH]
        legible = reply.whole and isinstance(decoded, dict)
        return cls(reply, legible, body, texts, _clean(raw, secret), secret)

    def field(self, name: str) -> object:
        """Return a field of the body, or of its `detail`, where some frameworks put the whole of it."""
        detail = self.body.get("detail")
        nested = detail.get(name) if isinstance(detail, dict) else None
        return self.body.get(name, nested)

    def words(self, value: object) -> str:
        """Return a text of the body cleaned, or a blank when it is none."""
        return _clean(text(value) or "", self.secret)

    @property
    def faults(self) -> tuple[tuple[str, str], ...]:
        """The field (blank if none is named) and the message of each fault."""
        detail = self.body.get("detail")
        rows = [row for row in detail if isinstance(row, dict)] if isinstance(detail, list) else []
        return tuple((self.words(row.get("field")), self.words(row.get("message"))) for row in rows)

    @property
    def message(self) -> str:
        """The API's own words: its general texts and each fault, else the raw body."""
        general = [self.words(self.field(key)) for key in ("error", "message", "detail")]
        faults = [": ".join(filter(None, fault)) for fault in self.faults]
        return _clean("; ".join(filter(None, [*general, *faults])) or self.excerpt, self.secret)

    @property
    def blocked_term(self) -> str | None:
        """The name that a prompt was refused for; its field has no documented name (6.15)."""
        for key, leaf in _leaves(self.body):
            if isinstance(leaf, str) and "term" in key.lower() and "block" in key.lower() and leaf.strip():
                return self.words(leaf)
        if found := _QUOTED_TERM.search(self.texts):
            return self.words(found[2])
        found = _BARE_TERM.search(self.texts)
        return self.words(found[1]) or None if found else None


def _leaves(body: object) -> Iterator[tuple[str, object]]:
    """Yield every value with the nearest key; by a loop, as a body may nest deeper than calls may."""
    pending = [("", body)]
    while pending:
        key, node = pending.pop()
        if isinstance(node, dict):
            pending.extend(reversed(node.items()))
        elif isinstance(node, list):
            pending.extend((key, item) for item in reversed(node))
        else:
            yield key, node


def _clean(words: str, secret: str) -> str:
    """Return a text as one printable line, cut to length, without the secret and links' queries."""
    if secret:
        words = words.replace(secret, "[secret]")
    words = _QUERY.sub("?[query]", words[:SEARCHED_LENGTH])
    line = printable(" ".join(words.split()))
    return line if len(line) <= EXCERPT_LENGTH else line[: EXCERPT_LENGTH - 1] + "…"
