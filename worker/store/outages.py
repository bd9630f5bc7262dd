"""Tells outages from errors: whether an error of Redis is the server's state or the command's fault.

An outage (a wrong server, or one that can't serve us now) is not the fault of a message or record, so what
met it is tried again. Everything else that Redis refuses (a key of another type, arguments that it can't
read) will be refused again.
"""

import re

import redis

#: Answers of a server that is not the one to ask (any more): a replica, one that loads its file or has lost
#: its primary, a cluster's node, one whose password has changed. Asking it again helps nobody: the name in
#: REDIS_URL may lead elsewhere by now, but a connection that is open never finds out.
_ELSEWHERE = ("READONLY", "MASTERDOWN", "LOADING", "MOVED", "ASK", "CLUSTERDOWN", "UNBLOCKED", "NOAUTH")
#: Answers of the right server that can't, or won't, do it now: full, its disk failing, too few replicas, a
#: script that does not end, rights that somebody took away; or the account has left for another shard.
_UNABLE = ("OOM", "MISCONF", "NOREPLICAS", "BUSY", "TRYAGAIN", "WRONGPASS", "NOPERM", "NOSCRIPT", "GONE")
#: Where an answer's code stands: at the beginning, or inside of what functions, transactions, redis-py say.
_CODE = re.compile(r"(?:^|^.* -|because of: |caused error: )([A-Z]{3,})\b", re.DOTALL)
#: How servers say inside of a script that a right is missing, without a code: those of 7.0, and newer ones.
_SCRIPT_RIGHTS = ("The user executing the script can't", "ACL failure in script: ")
#: What nodes of a cluster say inside of a script, without a code, when they do not have a key or may not
#: serve it: the slot is another node's, or is being moved to one.
_SCRIPT_SLOT = re.compile(r"Script attempted to .*(?:non local key|cluster is down)")
#: How servers say that a function is not there, or is no more: nothing has run.
_NO_FUNCTION = "Function not found"


class TooFewReplicasError(redis.RedisError):
    """Raised when too few replicas tell in time that they have what was written."""

    def __init__(self, reached: int, number: int) -> None:
        self.reached = reached
        told = f"{reached} of {number} (IDENTITY_WORKER_REPLICAS)"
        super().__init__(f"too few replicas of Redis know of what was sent, {told}")


def code_of(error: redis.RedisError) -> str:
    """Return the code of a server's answer (`READONLY`, `NOPERM`), or ERR where it has none of its own."""
    text = str(error)
    if any(each in text for each in _SCRIPT_RIGHTS):
        return "NOPERM"
    if _SCRIPT_SLOT.search(text):
        return "CLUSTERDOWN"
    # redis-py takes the code out of the text where it has a class for it.
    found = _CODE.search(text)
    inner = found[1] if found else ""
    if inner in _ELSEWHERE or inner in _UNABLE:
        return inner
    return str(getattr(error, "status_code", None) or inner or "ERR")


def is_elsewhere(error: BaseException) -> bool:
    """Return whether a server has answered that another one must be asked: connect anew, by name."""
    return isinstance(error, redis.RedisError) and code_of(error) in _ELSEWHERE


def is_outage(error: BaseException) -> bool:
    """Return whether an error is the connection's or the server's, not that of what was asked.

    It passes, or is mended by an operator; what was asked can be asked again as it is.
    """
    passing = redis.ConnectionError | redis.TimeoutError | redis.InvalidResponse | TooFewReplicasError
    if isinstance(error, passing):
        return True
    if not isinstance(error, redis.RedisError):
        return False
    return code_of(error) in (*_ELSEWHERE, *_UNABLE) or lacks_function(error)


def lacks_function(error: redis.RedisError) -> bool:
    """Return whether a server has no such function (any more): it can be loaded, and called again."""
    return _NO_FUNCTION in str(error)
