"""The head of a request, as it is written."""

import re

import httpcore

#: Method, target, and lines of headers (RFC 9112, 3 and 5), none of which can hide a further one.
_HEAD = re.compile(
    rb"[A-Z]+ [\x21-\x7e]+ HTTP/1\.1\r\n"
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*\r\n)+"
    rb"\r\n"
)


def head_of(request: httpcore.Request) -> bytes:
    """Return the head of a request, whose body has a length; raises httpcore.LocalProtocolError."""
    lines = [b"%b: %b\r\n" % each for each in request.headers]
    head = b"%b %b HTTP/1.1\r\n%b\r\n" % (request.method, request.url.target, b"".join(lines))
    if not _HEAD.fullmatch(head) or head.count(b"\r\n") != len(lines) + 2:
        raise httpcore.LocalProtocolError("its method, path or a header has a character that none may have")
    if b"\r\nTransfer-Encoding:" in head:
        raise httpcore.LocalProtocolError("its body must have a length")
    return head
