"""Guards of the function libraries: loaded where they are missing, told apart, removed."""

from mutation.mutant import of

TESTS = ("tests/worker/store/test_functions.py", "tests/worker/store/test_unused_libraries.py")

MUTANTS = (
    *of("worker/store/functions.py", TESTS,
        ("a library that is missing is not loaded", "                raise\n        yield from _loaded(library)\n", "                raise\n"),
        ("who loads after another fails", 'if "already exists" not in str(error):', "if True:"),
        ("what nobody uses stays", '                yield ("FUNCTION DELETE", name)\n', "                pass\n"),
        ("what is on no record stays", "        yield from _found(library, now)\n", ""),
        ("what is used meanwhile is on no record", '"ZREMRANGEBYSCORE", keys.LIBRARIES(), "-inf", long_ago)', '"ZREMRANGEBYSCORE", keys.LIBRARIES(), "-inf", now)'),
        ("nobody hears that a library is used", '        yield ("ZADD", keys.LIBRARIES(), now, library.name)\n', ""),
    ),
    *of("worker/store/libraries.py", TESTS,
        ("a name does not tell the settings", "hashlib.sha256(body.encode())", "hashlib.sha256(title.encode())"),
        ("each call says that the library is used", "monotonic() - self._touched > durations.LIBRARY_TOUCHED_SECONDS", "True"),
    ),
    *of("worker/store/lua/entry.lua", TESTS,
        ("a call has the time of the first one", "call = begin(arguments[1])", "call = call or begin(arguments[1])"),
    ),
    *of("worker/store/outages.py", TESTS,
        ("a server without functions is a fault of the message", " or lacks_function(error)", ""),
    ),
)  # fmt: skip
