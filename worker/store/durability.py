"""Checks what a Redis may lose or evict, by its own INFO and CONFIG.

Paid calls are recorded there. A server that evicts keys forgets them while it runs, so no process starts on
one. One that keeps too little on disk forgets them when it ends: its operator may choose that, and is told
so.
"""

from collections.abc import Iterator, Mapping

from worker.store.findings import Finding, Level

_ABOUT = "durability"


def examine(info: Mapping[str, str], config: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the findings about a server by its INFO and CONFIG GET; empty where these may not be asked."""
    yield from _eviction(info)
    yield from _persistence(info, config)


def _eviction(info: Mapping[str, str]) -> Iterator[Finding]:
    if "maxmemory_policy" not in info:
        yield Finding(
            _ABOUT,
            Level.UNASKED,
            "the server does not say whether it evicts keys: paid calls could be forgotten while it runs",
            "see that its maxmemory-policy is noeviction, and allow INFO",
        )
        return
    limit, policy = info.get("maxmemory", "0"), info["maxmemory_policy"]
    if limit != "0" and policy != "noeviction":
        yield Finding(
            _ABOUT,
            Level.REFUSE,
            f"the server may evict keys (maxmemory {limit}, maxmemory-policy {policy}): briefs, permits and "
            "the records of paid calls among them",
            "run `CONFIG SET maxmemory-policy noeviction` and set it in the server's configuration, or use "
            "another server",
        )


def _persistence(info: Mapping[str, str], config: Mapping[str, str]) -> Iterator[Finding]:
    if "aof_enabled" not in info:
        yield Finding(
            _ABOUT,
            Level.UNASKED,
            "the server does not say what it keeps on disk: everything could be lost when it ends",
            "see that it has appendonly yes and appendfsync always, and allow INFO",
        )
    elif info["aof_enabled"] != "0":
        yield from _syncing(config.get("appendfsync"))
    else:
        yield _without_append_only_file(config.get("save"))


_SYNC_ALWAYS = "set appendonly yes and appendfsync always"


def _syncing(policy: str | None) -> Iterator[Finding]:
    if policy is None:
        yield Finding(
            _ABOUT,
            Level.UNASKED,
            "the server does not say how often it syncs its append-only file: records of paid calls could be "
            "lost when its machine fails",
            "see that it has appendfsync always, and allow CONFIG GET",
        )
    elif policy == "everysec":
        yield Finding(
            _ABOUT,
            Level.NOTICE,
            "the server syncs once a second: when it is killed or its machine fails, up to two seconds of "
            "briefs and paid calls' records could be lost, and such a call be made and paid again",
            "for none, set appendfsync always",
        )
    elif policy != "always":
        yield Finding(
            _ABOUT,
            Level.WARN,
            f"the server leaves it to its system when to sync (appendfsync {policy}): when its machine "
            "fails, half a minute of briefs and paid calls' records could be lost",
            "set appendfsync always, or everysec",
        )


def _without_append_only_file(save: str | None) -> Finding:
    if save:
        what = f"the server keeps snapshots only (save {save}): when it ends, all since the last one is lost"
    elif save is None:
        what = "the server has no append-only file: when it ends, all since its last snapshot is lost"
    else:
        what = "the server keeps nothing on disk: when it ends, all briefs and paid calls' records are lost"
    return Finding(_ABOUT, Level.WARN, what, _SYNC_ALWAYS)
