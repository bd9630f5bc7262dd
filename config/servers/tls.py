"""What TLS trusts, of Redis and of the API alike: own authorities by the variables that OpenSSL reads itself.

A proxy that looks into connections, or a Redis with a certificate of the company's own, is trusted by them.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

#: OpenSSL's own names: a file of certificates, and a folder of which each file's name is a hash.
FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"


def client_context(environment: Mapping[str, str] | None = None) -> ssl.SSLContext:
    """Return a new context of a client, which takes 40 ms of processor and 700 KB: it is to be shared.

    It trusts what SSL_CERT_FILE and SSL_CERT_DIR name and nothing else; without them, the authorities of the
    system and those of certifi: a system may have none, and certifi's lack the company's own. Raises
    ssl.SSLError, an OSError, that says what is wrong with the variables.
    """
    found = os.environ if environment is None else environment
    file, folder = found.get(FILE), found.get(FOLDER)
    if file or folder:
        return _trusting(file or None, folder or None)
    # Not at the top: who connects without TLS should not wait for its import.
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _trusting(file: str | None, folder: str | None) -> ssl.SSLContext:
    # Of a file or folder that is not there, OpenSSL says nothing, and then finds each certificate wrong.
    if folder is not None and not Path(folder).is_dir():
        raise ssl.SSLError(
            f"{FOLDER} names no folder that is there ({folder[:200]}): set it right, or unset it"
        )
    try:
        return ssl.create_default_context(cafile=file, capath=folder)
    except OSError:
        told = "names no file of certificates that can be read"
        raise ssl.SSLError(f"{FILE} {told} ({str(file)[:200]}): set it right, or unset it") from None
