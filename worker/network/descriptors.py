"""Raises the number of connections that this process may hold open."""

import resource


def allow_many() -> int:
    """Raise this process's soft limit of open descriptors to the hard one; return what it is then.

    Shells and service managers set it to 1,024 as a rule, for programs that call select().
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # macOS names an endless one that it does not give
        return soft
    return hard
