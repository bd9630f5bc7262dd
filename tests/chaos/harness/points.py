"""Crash points: every call of this process to Redis and to the API, at any of which it can be killed.

A point is a call by what it says, not by its number in the process: polls and threads shift the numbers.
"""

import functools
import json
import os
import re
import signal
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from config import namespace

#: Environment: the point at which to die, as JSON; the file to which each call is added; the folder or bucket
#: in which changes are calls too.
CRASH_POINT, CRASH_LOG, CRASH_FILES = "CRASH_POINT", "CRASH_LOG", "CRASH_FILES"

_ID = re.compile(r"/(jobs|identity|notifications|storage)/(?!create|promote-generated|events)[^/ ]+")
#: A function's name: its library, the digest of that, its command (worker/store/libraries.py).
_FUNCTION = re.compile(r"identity_worker(?:_|s_[0-9a-f]{12}_)([a-z]+)\d*_[0-9a-f]{12}_(\w+)")
#: What Python says of before it is done (its table of audit events), and is a change of a folder.
_CHANGES = {"open", "os.mkdir", "os.remove", "os.rename", "os.truncate"}
#: After so long a fork ends itself by SIGALRM.
_LIVES_SECONDS = 60
#: What is asked of a bucket.
_REQUESTS = ("get", "list", "list_with_delimiter", "put")


class Point(NamedTuple):
    """The `number`-th call of this text in a process of this role (from 1), before or after it."""

    role: str
    call: str
    number: int
    after: bool = False

    def __str__(self) -> str:
        return f"{self.role}: {'after' if self.after else 'before'} {self.call} #{self.number}"


class Recorder:
    """Counts the calls of this process, writes them down, and ends it at its point."""

    def __init__(self, log: Path | None, point: Point | None) -> None:
        self._log = log
        self._point = point
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def before(self, call: str) -> int:
        """Note a call that is about to be made; return its number."""
        with self._lock:
            self._counts[call] += 1
            number = self._counts[call]
            if self._log is not None:
                with self._log.open("a") as file:
                    file.write(f"{call}\n")
        self._die_at(call, number, after=False)
        return number

    def after(self, call: str, number: int) -> None:
        """Note that the answer of a call has come, which nobody has seen yet."""
        self._die_at(call, number, after=True)

    def _die_at(self, call: str, number: int, *, after: bool) -> None:
        point = self._point
        if point is not None and (point.call, point.number, point.after) == (call, number, after):
            os.kill(os.getpid(), signal.SIGKILL)


def wrap(owner: Any, name: str, describe: Callable[..., str], recorder: Recorder) -> None:
    """Have each call of a method or function written down, by what `describe` says of it."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        call = describe(*args, **kwargs)
        number = recorder.before(call)
        try:
            return original(*args, **kwargs)
        finally:
            recorder.after(call, number)

    setattr(owner, name, watched)


def is_killed(live: Callable[[], object]) -> bool:
    """Run `live` in a fork of this process; return whether it was killed.

    Raises AssertionError if it failed, or took longer than a minute.
    """
    with warnings.catch_warnings():
        # The fork's one thread uses nothing that others hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        signal.alarm(_LIVES_SECONDS)
        try:
            live()
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, -signal.SIGKILL), f"the fork ended with {code}"
    return code != 0


def _watch_files(recorder: Recorder, place: str) -> None:
    """Watch what is done below a folder, or with buckets if the place is one."""
    if "://" in place:
        _watch_bucket(recorder, urlsplit(place).path.strip("/"))
        return
    folder = Path(place)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _CHANGES and isinstance(args[0], str) and Path(args[0]).is_relative_to(folder):
            # The goal of a renaming tells more than what is renamed.
            path = Path(args[1]) if event == "os.rename" else Path(args[0])
            recorder.before(f"file {event} {path.relative_to(folder)}")

    sys.addaudithook(hook)


def _watch_bucket(recorder: Recorder, below: str) -> None:
    import obstore

    for name in _REQUESTS:
        wrap(obstore, name, partial(_request, name, below), recorder)


def _request(name: str, below: str, _: Any, path: Any = None, *__: Any, prefix: str | None = None) -> str:
    return f"bucket {name} {(path or prefix or '').removeprefix(below)}"


def arm() -> None:
    """Watch every call from here on, if the environment asks for it."""
    log, point = os.environ.get(CRASH_LOG), os.environ.get(CRASH_POINT)
    if log is None and point is None:
        return
    watch(Recorder(Path(log) if log else None, Point(*json.loads(point)) if point else None))


def watch(recorder: Recorder) -> None:
    """Watch every call of this process to Redis and to the API from here on."""
    _watch_redis(recorder)
    _watch_http(recorder)
    if files := os.environ.get(CRASH_FILES):
        _watch_files(recorder, files)


def _watch_redis(recorder: Recorder) -> None:
    import redis
    from redis.asyncio.client import Pipeline as AsyncPipeline
    from redis.client import Pipeline

    from worker.store.servers.clients import ShortAsyncClient

    wrap(redis.Redis, "execute_command", lambda _, *args, **__: _describe(args), recorder)
    _wrap_async(ShortAsyncClient, "execute_command", lambda _, *args, **__: _describe(args), recorder)
    wrap(Pipeline, "execute", lambda pipe, **_: _pipeline(pipe), recorder)
    _wrap_async(AsyncPipeline, "execute", lambda pipe, **_: _pipeline(pipe), recorder)


def _watch_http(recorder: Recorder) -> None:
    import httpx

    from worker.hooks.posting import Poster
    from worker.network.pool import Pool
    from worker.network.streaming import Connections, Streams

    def call(_: Any, request: httpx.Request, **__: Any) -> str:
        return f"{request.method} {_plain(request.url.path)}"

    def short_call(_: Any, method: str, url: str, *__: Any) -> str:
        return f"{method} {_plain(urlsplit(url).path)}"

    wrap(Pool, "handle_request", call, recorder)
    _wrap_async(Streams, "handle_async_request", call, recorder)
    _wrap_async(Connections, "ask", short_call, recorder)
    _wrap_async(Poster, "post", lambda _, url, *__: f"POST {url.target.decode()}", recorder)


def _wrap_async(owner: type, name: str, describe: Callable[..., str], recorder: Recorder) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        call = describe(*args, **kwargs)
        number = recorder.before(call)
        try:
            return await original(*args, **kwargs)
        finally:
            recorder.after(call, number)

    setattr(owner, name, watched)


def _describe(args: tuple[Any, ...]) -> str:
    """Say in words what a command of Redis is; of a function, which one and about whom."""
    before = namespace.given(os.environ)
    words = [_text(arg).removeprefix(before) for arg in args]
    match words[0].upper():
        case "FCALL":
            return _function(words[1], json.loads(words[5]))
        case "FUNCTION LOAD":
            return f"load {words[1].split()[1]}"
        case _:
            return _plain(" ".join(words[:2]))


def _function(name: str, given: dict[str, Any]) -> str:
    library, command = _FUNCTION.fullmatch(name).groups()  # type: ignore[union-attr]
    if library == "broker":
        return " ".join(filter(None, (command, given.get("queue"))))
    about = given.get("subject") or given.get("brief") or given.get("id") or given.get("account") or ""
    to = given.get("to") or given.get("what")
    return " ".join(filter(None, (command, about, to, _noted(given))))


def _noted(given: dict[str, Any]) -> str:
    """Tell the beginning of a noted call from its end."""
    return "" if not {"state", "subject"} <= given.keys() else " ".join(sorted(given.get("set") or {}))


def _pipeline(pipe: Any) -> str:
    commands = [command[0] for command in pipe.command_stack]
    names = "+".join(_text(command[0]) for command in commands)
    keys = [_text(command[1]) for command in commands if len(command) > 1]
    return _plain(f"{names} {keys[0] if keys else ''}")


def _text(arg: Any) -> str:
    return arg.decode(errors="replace") if isinstance(arg, bytes) else str(arg)


def _plain(text: str) -> str:
    """Leave out what differs from run to run: ids of workers, jobs, identities, events."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", text)
    return _ID.sub(r"/\1/*", text)
