"""The last requests and their answers, with secrets masked."""

import codecs
import re
from collections import deque
from typing import Any

#: How many requests are kept, and how many characters of each body.
ENTRIES = 2_000
BODY_CHARACTERS = 2_000

_NAMES = r"[\w-]*(?:secret|token|passw|pwd|signature|authorization|credential)[\w-]*"
_SECRETS = (
    re.compile(rf'(?i)("{_NAMES}"\s*:\s*")(?:[^"\\]|\\.)*'),
    re.compile(rf'(?i)((?:^|[?&\s]){_NAMES}=)[^&"\s]*'),
)
#: Who signs in sends a password, in whatever shape: of these requests only the size is kept.
_SIGNING_IN = ("/auth/login", "/auth/refresh")
#: What a webhook's owner put behind its address is often a secret.
_QUERY = re.compile(r'("url"\s*:\s*"[^"?]*\?)[^"]*')
_WEBHOOKS = "/webhooks"


def mask(text: str) -> str:
    """The text without tokens, secrets and signatures."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text


def readable(body: bytes, size: int) -> str:
    """The start of a body of `size` bytes as masked text; pictures and other bytes only by their size."""
    try:
        # Incrementally, since the start may end within a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return f"<{size} bytes>"
    return mask(text)[:BODY_CHARACTERS]


class Journal:
    """A bounded list of what was asked and answered. Bodies are kept raw and masked when they are read."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=ENTRIES)

    def add(
        self,
        entry: dict[str, Any],
        request: bytes,
        answer: bytes,
        withheld: tuple[int | None, bytes] | None = None,
    ) -> None:
        """Keep one request with what was answered, and what would have been."""
        entry["request"] = request[: 2 * BODY_CHARACTERS]
        entry["answer"] = answer[: 2 * BODY_CHARACTERS]
        entry["withheld"] = withheld
        self._entries.append(entry)

    def read(self, account: str | None = None, limit: int = ENTRIES) -> list[dict[str, Any]]:
        """The last `limit` entries, oldest first, masked."""
        chosen = [entry for entry in self._entries if account is None or entry["account"] == account]
        return [_shown(entry) for entry in chosen[-limit:]]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    request = readable(entry["request"], entry["request_bytes"])
    if request and entry["path"].startswith(_SIGNING_IN):
        request = f"<{entry['request_bytes']} bytes>"
    answer = readable(entry["answer"], entry["answer_bytes"])
    if entry["path"] == _WEBHOOKS:
        request, answer = (_QUERY.sub(r"\1***", text) for text in (request, answer))
    shown = {**entry, "query": mask(entry["query"]), "request": request, "answer": answer}
    if entry["withheld"] is not None:
        status, body = entry["withheld"]
        shown["withheld"] = {"status": status, "answer": readable(body, len(body))}
    return shown
