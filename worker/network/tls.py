"""The TLS context of a process, the same for the API, its streams and pictures, and what TLS errors mean.

And whether TLS may agree on HTTP/2, which is a setting, and needs a package that not everybody has.
"""

import os
import ssl
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec

from config.errors import NetworkSettingsError
from config.servers.tls import FILE, FOLDER, client_context
from config.settings import settings

#: OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_...), in words.
_UNKNOWN_ISSUERS = (2, 18, 19, 20, 21)
_OTHER_NAMES = (62, 64)
_OWN_CA = f"a proxy that looks into TLS, or a server of your own, has a CA of its own: {FILE}"


def tls() -> ssl.SSLContext:
    """Return the process's TLS context; raises NetworkSettingsError for a file or folder that is none."""
    return _context(os.environ.get(FILE), os.environ.get(FOLDER))


def trusted() -> str:
    """Return in words whose certificates are trusted."""
    named = [f"{name}={os.environ[name]}" for name in (FILE, FOLDER) if os.environ.get(name)]
    return " and ".join(named) or "the known authorities"


def http2_allowed() -> bool:
    """Return whether HTTP/2 may be spoken; raises NetworkSettingsError where it is wanted and can't be."""
    if not settings().http2:
        return False
    if find_spec("h2") is None:
        lacks = "IDENTITY_WORKER_HTTP2 is on, and the package h2 is not installed"
        raise NetworkSettingsError(f"{lacks}: install identity-worker[http2], or leave the setting out")
    return True


def told(error: BaseException, whom: str = "") -> str:
    """Return an error of a connection in one line, with what to do where TLS is its reason.

    `whom`: in words, who is trusted there and how to trust one more, where that differs from everywhere else.
    """
    reason = next((each for each in _reasons(error) if isinstance(each, ssl.SSLError)), None)
    if reason is None:
        return str(error)
    if not isinstance(reason, ssl.SSLCertVerificationError):
        name = (reason.reason or "no handshake").replace("_", " ").lower()
        if "CERTIFICATE" in (reason.reason or "") or "UNKNOWN_CA" in (reason.reason or ""):
            return f"TLS failed ({name}): it does not take the certificate that it was shown, or wants one"
        return f"TLS failed ({name}): does the port speak TLS, and a version of it that is used today?"
    return f"its certificate is refused: {_refusal(reason, whom or f'{trusted()}: name your CA in {FILE}')}"


def mend_of(error: BaseException) -> str | None:
    """Return how to mend that a certificate was refused here; None where a connection failed otherwise."""
    refused = next((each for each in _reasons(error) if isinstance(each, ssl.SSLCertVerificationError)), None)
    match refused and refused.verify_code:
        case None:
            return None
        case 9 | 10:
            return "have whoever runs it renew the certificate, or set this machine's clock right"
        case code if code in _OTHER_NAMES:
            return "call it by a name that its certificate has, or have this one put in"
        case _:
            return _OWN_CA


@cache  # for what is named now
def _context(*_: str | None) -> ssl.SSLContext:
    try:
        return client_context()
    except ssl.SSLError as error:
        raise NetworkSettingsError(error.args[0]) from error


def _reasons(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _refusal(error: ssl.SSLCertVerificationError, whom: str) -> str:
    match error.verify_code:
        case 9:
            return "it is not valid yet; is this machine's clock behind?"
        case 10:
            return "it has expired; or is this machine's clock ahead?"
        case code if code in _UNKNOWN_ISSUERS:
            return f"nobody trusted here has signed it; trusted is {whom}"
        case code if code in _OTHER_NAMES:
            return f"it is another host's ({error.verify_message.rstrip('.')})"
        case _:
            return error.verify_message
