"""Guards of the function libraries: loaded where they are missing, told apart, removed."""

from mutation.mutant import of

TESTS = ("tests/worker/store/test_functions.py",)

MUTANTS = (
    *of("worker/store/functions.py", TESTS,
        ("a library that is missing is not loaded", "            self.load()\n", ""),
        ("an asyncio client loads none", "            await self._load()\n", ""),
        ("who loads after another fails", 'return "already exists" in str(error)', "return False"),
        ("a name does not tell the settings", "hashlib.sha256(body.encode())", "hashlib.sha256(title.encode())"),
        ("what nobody uses stays", '                    self._ask("FUNCTION DELETE", name)\n', "                    pass\n"),
        ("nobody hears that a library is used", "            self._client.zadd(keys.LIBRARIES(), {self._library.name: now})\n", ""),
        ("each call says that the library is used", "monotonic() - self._touched > durations.LIBRARY_TOUCHED_SECONDS", "True"),
    ),
    *of("worker/store/lua/entry.lua", TESTS,
        ("a call has the time of the first one", "call = begin(arguments[1])", "call = call or begin(arguments[1])"),
    ),
    *of("worker/store/outages.py", TESTS,
        ("a server without functions is a fault of the message", " or lacks_function(error)", ""),
    ),
)  # fmt: skip
