"""Nothing of the code is dead: what is defined is used, and what a comment names is there."""

import re

from project.reading.names import comments, definitions, is_there, used
from project.rooms import HOUSE

from config import keys

#: Called by what they are made for: Dramatiq, uvicorn, Typer, httpx-sse, httptools, anyio, asyncio, redis,
#: logging.
HOOKS = {
    *("before_worker_boot", "after_worker_boot", "before_worker_shutdown", "before_process_message"),
    "after_worker_shutdown",
    *("after_process_message", "actor_options", "consumer_class", "declare_queue", "ack", "nack", "emit"),
    *("list_commands", "format_commands", "format_options", "capture_signals", "aiter_text", "send_eof"),
    *("get_buffer", "buffer_updated", "eof_received", "connection_lost", "pause_writing", "resume_writing"),
    *("on_message_begin", "on_header", "on_headers_complete", "on_body", "on_message_complete"),
    *("_wrap_socket_with_ssl", "_connection_arguments", "get_credentials", "get_credentials_async"),
    "_execute_command",
}
#: Read by names that are put together; and the marker of keyword-only fields.
SETTINGS = {"model_config", "redis_password_file", "redis_sentinel_password_file", "_"}
HOUSES = "|".join((*HOUSE, "tests", "benchmarks", "docs", "examples", "deploy"))
#: Of a fixture called so, in the example of its use.
EXAMPLES = {("testing.py", f"sandbox.{name}") for name in ("url", "token", "ledger")}


def test_what_is_defined_is_used() -> None:
    # That each key and each field of a record is used, there or in Lua, are tests of their own.
    elsewhere = {*HOOKS, *SETTINGS, *keys.ALL, "RECORDS"}
    unused = [each for each in definitions() if each.name not in used() | elsewhere]
    assert [each for each in unused if not each.name.startswith("__")] == []


def test_the_files_and_modules_that_comments_name_are_there() -> None:
    pattern = re.compile(rf"(?<![\w/.])(?:{HOUSES})(?:/[\w./*-]*\w|(?:\.\w+)+)")
    named = {(file, name) for file, text in comments() for name in pattern.findall(text)}
    # What is in capitals stands for any name, and `_rooms` is in an installation.
    real = {(file, name) for file, name in named - EXAMPLES if name.islower() and "_rooms" not in name}
    assert {(file, name) for file, name in real if not is_there(name)} == set()
