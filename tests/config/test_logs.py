"""Logs: each line is whole, short and harmless; what can't be written is lost, and nothing else with it."""

import io
import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import redis
import structlog
from dramatiq.compat import StreamablePipe
from processes import ProcessFactory
from stepping import inlet_message
from support import brief, eventually

from actors.broker.broker import Broker
from config import keys, logs
from config.logged.lines import LONGEST
from config.settings import Settings

HOSTILE = "a\n2026-11-28T00:00:00Z [error] forged\r\x1b[2J\x9b31m\u202e\u2028\ud800"


@pytest.fixture
def before() -> Iterator[None]:
    """Leave the logs as they were."""
    config, streams, hook = structlog.get_config(), (sys.stdout, sys.stderr), threading.excepthook
    handlers, was_set_up = logging.root.handlers[:], structlog.is_configured()
    yield
    structlog.reset_defaults()
    if was_set_up:
        structlog.configure(**config)
    logs._made.clear()
    (sys.stdout, sys.stderr), threading.excepthook = streams, hook
    logging.root.handlers[:] = handlers


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize("kind", ["json", "lines", "terminal"])
@pytest.mark.usefixtures("before")
def test_whatever_is_logged_by_whomever_is_one_short_line_without_control_characters(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    out = Terminal() if kind == "terminal" else io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure(Settings(log_json=kind == "json"))
    long = HOSTILE * 5_000

    def fail() -> None:
        raise ValueError(long)

    logs.get("test").warning(HOSTILE, name=HOSTILE, long=long, many=[long], nested={HOSTILE: long})
    logging.getLogger("other").error("%s", long)
    try:
        fail()
    except ValueError:
        logs.get("test").exception("failed")
        logging.getLogger("dramatiq").exception("Failed to process %s", HOSTILE)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    written = out.getvalue()
    lines = written.splitlines()
    assert all(len(line.encode()) < LONGEST for line in lines)
    assert not any(line.startswith("2026-11-28T00:00:00Z") for line in lines)
    if kind == "terminal":
        ours = structlog.dev.ConsoleRenderer.get_default_level_styles()
        assert ours  # its colours are the only commands
        assert not {"\x9b", "\u202e", "\u2028", "\r"} & set(written)
        assert "\x1b[2J" not in written
        return
    assert len(lines) == written.count("\n") == 5
    assert all(line.isprintable() for line in lines)
    if kind == "json":
        said = [json.loads(line) for line in lines]
        assert said[0]["event"].startswith("a\\n2026")
        assert said[-1]["event"] == "thread.died"
        assert said[-1]["exception"].startswith("Traceback")


@pytest.mark.usefixtures("before")
def test_lines_go_past_dramatiqs_pipe_and_never_mix_stray_words_too(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reader, writer = multiprocessing.Pipe(duplex=False)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, StreamablePipe(writer))
    logs.configure(Settings(log_json=True))

    def write(number: int) -> None:
        for _ in range(50):
            logging.getLogger("dramatiq").error("x" * 40_000)
            logs.get("test").warning("short", number=number)
            print("stray")  # noqa: T201  # what others do

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (len(said), reader.poll()) == (4 * 150, False)
    assert sum(each["event"] == "short" for each in said) == 200
    assert sum(each.get("text") == "stray" for each in said) == 200
    writer.close()


def test_a_workers_log_is_json_throughout_also_after_hostile_messages(
    client: "redis.Redis", redis_url: str, worker_process: ProcessFactory
) -> None:
    broker = Broker(redis_url)
    broken = {"queue_name": "steps", "actor_name": "watch_held", "args": [], "options": {}}
    for number in range(30):
        text = {**broken, "kwargs": {f"k{number}": HOSTILE[:-1] * 2_000}, "message_id": f"m{number}"}
        client.hset(keys.MESSAGES(keys.STEPS), f"m{number}", json.dumps(text))
        client.rpush(keys.QUEUE(keys.STEPS), f"m{number}")
        broker.enqueue(inlet_message(brief(brief_id=f"b{number}", name=HOSTILE[:-1], priority="high")))
    broker.enqueue(inlet_message(brief(brief_id="last", choose="never")))
    worker = worker_process(IDENTITY_WORKER_LOG_JSON="1")
    # The last message that came need not be the last whose step ends.
    assert eventually(client, lambda: worker.written().count('"brief.taken"') == 31)
    assert eventually(client, lambda: worker.written().count("Failed to process") == 30)
    whole, _, _ = worker.written().rpartition("\n")  # without what it is writing just now
    said = [json.loads(line) for line in whole.splitlines()]
    assert any("is booting up" in each["event"] for each in said)
    assert "last" in [each.get("brief") for each in said if each["event"] == "brief.taken"]
    broker.client.close()


@pytest.mark.parametrize("gone", ["the reader of the pipe", "the stream"])
@pytest.mark.usefixtures("before")
def test_where_logs_go_may_go_away(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure(Settings())
    logs.get("test").warning("one")
    assert b"event=one" in os.read(reader, 4096)
    os.close(reader)
    if gone == "the stream":
        stream.close()
    logs.get("test").warning("another")
    if not stream.closed:
        with pytest.raises(BrokenPipeError):
            stream.close()  # with what was lost


class Interrupted(io.StringIO):
    """A stream in the middle of whose first write a signal comes."""

    is_told = False

    def write(self, text: str) -> int:
        """Write a text."""
        if not self.is_told:
            self.is_told = True
            signal.raise_signal(signal.SIGUSR1)
        return super().write(text)


@pytest.mark.timeout(20)
@pytest.mark.usefixtures("before")
def test_a_handler_of_signals_logs_while_its_thread_does(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Interrupted()
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure(Settings(log_json=True))
    before = signal.signal(signal.SIGUSR1, lambda *_: logging.getLogger("dramatiq").info("told"))
    try:
        logs.get("test").warning("written")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["told", "written"]


#: Has a handler of signals log in the middle of the import of structlog, as where a worker is told to end.
INTERRUPTED = """
import logging, os, signal, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == "structlog._config":
            os.kill(os.getpid(), signal.SIGUSR1)

signal.signal(signal.SIGUSR1, lambda *_: logging.getLogger("dramatiq").warning("told"))
sys.meta_path.insert(0, Interrupting())
import actors.boot
from config import logs
from config.settings import Settings
logs.configure(Settings())
logs.get("test").warning("written")
"""


def test_a_worker_may_be_told_to_end_while_it_imports_its_logger() -> None:
    ran = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=True)
    assert "told" in ran.stderr
    assert "event=written" in ran.stderr
    assert "Traceback" not in ran.stderr
