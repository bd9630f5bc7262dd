"""Reads answers of a connection, by llhttp (httptools): bytes go in, a head and pieces of a body come out."""

import httpcore
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

#: Bytes that may come and bring nothing of a body: those of a head, or between and behind the pieces.
MOST_BESIDE = 100 * 1024
#: What says how long a body is; without either it lasts until the connection ends (RFC 9112, 6.3).
_LENGTHS = (b"content-length", b"transfer-encoding")


class Answers:
    """The answers of one connection, one at a time; none to HEAD, whose length is that of no body."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Expect the next one."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.has_head = self.is_over = False
        self.leaves_open = False
        """Whether the connection may be used again, once the answer is over."""
        self._lasts = False
        self._pieces: list[bytes] = []
        self._beside = 0

    def feed(self, data: bytes) -> None:
        """Take what has come, nothing at the end of the connection; raises httpcore.RemoteProtocolError."""
        if not data:
            self._end()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.leaves_open = False
            if not self.is_over:
                raise httpcore.RemoteProtocolError(f"that is no HTTP/1.1: {error}") from error
        self._beside = 0 if self._pieces else self._beside + len(data)
        if self._beside > MOST_BESIDE and not self.is_over:
            raise httpcore.RemoteProtocolError(f"more than {MOST_BESIDE} bytes have come beside a body")

    def taken(self) -> list[bytes]:
        """Return the pieces of the body that have come since this was asked last."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def _end(self) -> None:
        if not self.has_head:
            raise httpcore.RemoteProtocolError("the server has closed the connection without an answer")
        if not self._lasts:
            raise httpcore.RemoteProtocolError("the server has closed the connection within its answer")
        self.is_over = True

    # What httptools tells.

    def on_message_begin(self) -> None:
        """Refuse one more answer than was asked for; the connection is of no use then."""
        if self.is_over:
            raise httpcore.RemoteProtocolError("it answers what nobody has asked")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what follows the body is of no interest."""
        if not self.has_head:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note that the head is whole, unless it only says that the answer is to come (RFC 9110, 15.2)."""
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers = []
            return
        self.has_head = True
        self.leaves_open = self._parser.should_keep_alive()
        self._lasts = not any(name.lower() in _LENGTHS for name, _ in self.headers)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Note the end."""
        self.is_over = self.has_head
