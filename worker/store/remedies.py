"""What a person can do about an error of Redis, by the kind of error."""

from collections.abc import Mapping

import redis
from redis.exceptions import AuthorizationError

from worker.store.outages import code_of, is_elsewhere

_RIGHT_NAME = (
    "set REDIS_URL right, in which / ? # @ and % of a user or password are percent-encoded, or the file of "
    "REDIS_PASSWORD_FILE, in which none is"
)
_CLOSED = "see that it is a Redis, and its log; if it wants TLS, write rediss:// in REDIS_URL"
_CERTIFICATE = "it wants a certificate of its clients: rediss://...?ssl_certfile=FILE&ssl_keyfile=FILE"
_OTHER_CA = "it does not know who signed the certificate of ssl_certfile: give one of its own CA"
_OTHER_NAME = "its certificate is for another name: use that one in REDIS_URL"
_OTHER_KIND = "it is a Sentinel, or no Redis for data; `identity-worker doctor` says what it is"
_CLUSTER = "it is a node of a cluster: write redis+cluster://HOST, with a name in braces as the namespace"
#: What a server answers, by its code.
_BY_CODE = {
    "WRONGPASS": f"the server does not know this user and password: {_RIGHT_NAME}",
    "NOAUTH": "the server wants a password: redis://[USER]:PASSWORD@HOST, or a file by REDIS_PASSWORD_FILE",
    "NOPERM": "give the user of REDIS_URL this right; `identity-worker doctor` says which are missing",
    "LOADING": "it is reading its file: wait until it has, and try again",
    "READONLY": "it is a replica: name the primary in REDIS_URL",
    "MASTERDOWN": "it is a replica that has lost its primary: name the primary in REDIS_URL",
    "MOVED": _CLUSTER,
    "CLUSTERDOWN": "nodes of the cluster do not answer, or the slot is being moved: see its CLUSTER INFO",
    "OOM": "its memory is full: raise its maxmemory",
    "MISCONF": "it can't write its file: see its log, and the room on its disk",
    "NOREPLICAS": "it has fewer replicas than it wants: see its min-replicas-to-write",
    "BUSY": "a script or function there does not end: see its log, and SCRIPT KILL or FUNCTION KILL",
    "DENIED": "it takes no connections from other machines (protected mode): give it a password",
}
#: What is said of those who are asked where the server is, and of the password's file, in lower case.
_BY_FINDING = {
    "of the sentinel at": "name theirs in REDIS_URL: ?sentinel_username=USER&sentinel_password=PASSWORD, or "
    "the password's file by REDIS_SENTINEL_PASSWORD_FILE",
    "is no sentinel": "write redis:// for a server itself; a Sentinel listens on port 26379 commonly",
    "know no primary": "behind the hosts of REDIS_URL, write the name that `SENTINEL MASTERS` shows",
    "without cluster mode": "write redis:// instead of redis+cluster://",
    "permissions to run the 'sentinel": "give their user +sentinel|get-master-addr-by-name, at each of them",
    "permissions to run the 'cluster": "give the user of REDIS_URL the right +cluster|slots, on each node",
    "password_file can't be used": "it must hold the password alone, as UTF-8, and let this process read it",
}
#: What is said of a server that others have named, in lower case: its address is not that of REDIS_URL.
_NAMED = "was named as"
_BY_NAMING = {
    "is a replica": "while a replica takes over, try again; if it stays so, see what Sentinels or nodes say",
    "mismatch": "its certificate is for another name: have it announced by that one",
}
_NOT_REACHED = (
    "start it; if it runs, have it announced by an address that leads to it from here: cluster-announce-ip "
    "or cluster-announce-hostname, with Sentinels replica-announce-ip and what SENTINEL MONITOR is given"
)
#: What the text of an error has in it where there is no code, in lower case.
_BY_TEXT = {
    "hostname mismatch": _OTHER_NAME,
    "ip address mismatch": _OTHER_NAME,
    "certificate has expired": "have it renewed there; or is this machine's clock ahead?",
    "certificate_verify_failed": "name the CA that signed its certificate: rediss://...?ssl_ca_certs=FILE",
    "certificate_required": _CERTIFICATE,
    "certificate required": _CERTIFICATE,
    "alert handshake failure": _CERTIFICATE,
    "eof occurred in violation": f"it has ended TLS: see its log, and whether {_CERTIFICATE}",
    "unknown ca": _OTHER_CA,
    "unknown_ca": _OTHER_CA,
    "wrong_version_number": "it does not speak TLS on this port: write redis://, or name its TLS port",
    "wrong version number": "it does not speak TLS on this port: write redis://, or name its TLS port",
    "record layer failure": "it does not speak TLS on this port: write redis://, or name its TLS port",
    "name or service not known": "no machine has this name: set the host in REDIS_URL right",
    "name resolution": "the name could not be looked up: set the host in REDIS_URL right, or see the DNS",
    "no address associated": "no machine has this name: set the host in REDIS_URL right",
    "nodename nor servname": "no machine has this name: set the host in REDIS_URL right",
    "ssl_cert_": "they name whom TLS trusts, of Redis and of the API",
    "path too long": "the path of a socket has 107 bytes at most: have the server listen at a shorter one",
    "not a directory": "name the socket alone: a database is written behind it, as ?db=NUMBER",
    "permission denied": "this user may not open its socket: see the rights of the file and its folder",
    "db index": "it has fewer databases: set the number at the end of REDIS_URL right",
    "select is not allowed in cluster mode": _CLUSTER,
    "without any password configured": "it has no password: leave it out of REDIS_URL",
    "protected mode": _BY_CODE["DENIED"],
    "max number of clients": "it has too many clients: raise its maxclients",
    "no sentinel answers": "see that they run there; if they speak TLS, write rediss+sentinel://, and else "
    "redis+sentinel://",
    "is not known:": "see that the nodes run there, and that each slot has one: CLUSTER INFO",
    "timeout connecting": "see that it runs there, and that it speaks TLS if REDIS_URL says rediss://",
    "timeout reading": f"something listens there and does not answer: {_CLOSED}",
    "wrong kind of value": "another program has put something else under a key of ours: see which by TYPE",
    "too few replicas": "see that they run, and send the same again: of what was kept, nothing comes twice",
    "unknown command": _OTHER_KIND,
    "connection closed by server": _CLOSED,
    "connection reset": _CLOSED,
}
#: Codes of what passes by itself.
_PASSING = ("LOADING", "MASTERDOWN", "CLUSTERDOWN", "OOM", "MISCONF", "NOREPLICAS", "BUSY", "TRYAGAIN")
#: What the texts of errors of the connection have in them that do not mend themselves.
_LASTING = (
    *("certificate", "wrong_version", "wrong version", "record layer", "unknown_ca", "unknown ca"),
    *("is no sentinel", "know no primary", "without cluster mode", "no permissions to run", "ssl_cert_"),
)
_PLAIN = "start it, or set REDIS_URL to one that runs"


def remedy(error: redis.RedisError) -> str:
    """Return what to do about an error of Redis, as a sentence without its full stop."""
    text = str(error).lower()
    if _NAMED in text:
        of_tls = _first(_BY_TEXT, text) if "ssl" in text else None
        return _first(_BY_NAMING, text) or of_tls or _NOT_REACHED
    told = _first(_BY_FINDING, text) or _BY_CODE.get(code_of(error)) or _first(_BY_TEXT, text)
    if told is not None:
        return told
    if isinstance(error, redis.InvalidResponse):
        return "what answers there is no Redis: set host and port in REDIS_URL right"
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return _PLAIN
    return "see its log"


def _first(table: Mapping[str, str], text: str) -> str | None:
    return next((do for part, do in table.items() if part in text), None)


def is_lasting(error: redis.RedisError) -> bool:
    """Return whether waiting does not help: a password, a certificate, a right do not mend themselves."""
    if isinstance(error, redis.AuthenticationError | AuthorizationError | redis.InvalidResponse):
        return True
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        text = str(error).lower()
        return any(part in text for part in _LASTING)
    return code_of(error) not in _PASSING


def ends_process(error: redis.RedisError) -> bool:
    """Return whether a process that runs should end for an error: the server refuses for good what was asked.

    It outlasts what befalls connections, whatever that is: passwords and certificates are made anew.
    """
    is_connections = isinstance(error, redis.ConnectionError | redis.TimeoutError | redis.InvalidResponse)
    return is_lasting(error) and not is_connections and not is_elsewhere(error)
