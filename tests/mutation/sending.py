"""Guards of what is read from files and sent: nothing is bought twice, or for what nobody meant."""

from mutation.mutant import of

MUTANTS = (
    *of("cli/sending/delivery.py", ("tests/worker/replicas/test_confirmed_briefs.py",),
        ("a brief counts as sent that a failover would lose", "settings.replicas", "0"),
    ),
    *of("cli/sending/files.py", ("tests/cli/sending/test_brief_folders.py", "-k", "named_twice"),
        ("the briefs of a file that is named twice are bought twice", "if (stands.st_dev, stands.st_ino) in self._seen:", "if False:"),
    ),
    *of("cli/sending/preparing.py", ("tests/cli/commands/briefs/test_enqueue.py", "-k", "two_different"),
        ("another brief of an id that was met is taken for the same", "    if met[0] == said:", "    if True:"),
    ),
    *of("cli/reading/tables/cells.py", ("tests/cli/reading/tables/test_cells.py",),
        ("a formula is taken for text", "        if found is None:\n            raise CellError(text, _A_FORMULA)", "        if found is None:\n            return text"),
        ("two thousand drafts are two", "(?!000$)", ""),
        ("zeros before a number are lost", "-?(0|[1-9]\\d{0,14})(", "-?(0*[0-9]\\d{0,14})("),
    ),
    *of("cli/sending/rejects.py", ("tests/cli/sending/test_rejects.py", "-k", "before_anything"),
        ("the rejects of another run are overwritten", "    if os.path.lexists(path):", "    if False:"),
    ),
)  # fmt: skip
