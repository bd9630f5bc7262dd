"""The last requests and their answers, with secrets masked."""

import re
from collections import deque
from typing import Any

#: How many requests are kept, and how many characters of each body.
ENTRIES = 2_000
BODY_CHARACTERS = 2_000

_SECRETS = (
    re.compile(r'("(?:secret|token|refresh_token)"\s*:\s*")[^"]*'),
    re.compile(r'((?:^|[?&])(?:token|signature)=)[^&"]*'),
)


def mask(text: str) -> str:
    """The text without tokens, secrets and signatures."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text


def readable(body: bytes) -> str:
    """A body as masked text, cut to a sane length; pictures and other bytes only by their size."""
    try:
        return mask(body.decode())[:BODY_CHARACTERS]
    except UnicodeDecodeError:
        return f"<{len(body)} bytes>"


class Journal:
    """A bounded list of what was asked and answered. Bodies are kept raw and masked when they are read."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=ENTRIES)

    def add(self, entry: dict[str, Any], request: bytes, answer: bytes) -> None:
        """Keep one request."""
        entry["request"] = request[: 2 * BODY_CHARACTERS]
        entry["answer"] = answer[: 2 * BODY_CHARACTERS]
        self._entries.append(entry)

    def read(self, account: str | None = None, limit: int = ENTRIES) -> list[dict[str, Any]]:
        """The last `limit` entries, oldest first, masked."""
        chosen = [entry for entry in self._entries if account is None or entry["account"] == account]
        return [
            {
                **entry,
                "query": mask(entry["query"]),
                "request": readable(entry["request"]),
                "answer": readable(entry["answer"]),
            }
            for entry in chosen[-limit:]
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
