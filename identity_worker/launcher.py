"""The way in: puts the folder of the rooms first on this process's path, whatever else is called like them.

The rooms (`config`, `worker`, `cli` and the others) import each other by these short names. In the tree they
lie beside this package. In an installation they lie inside it, in `_rooms`, where only this looks: nobody
else's program finds a `config` of ours, and ours never takes somebody's `config` for its own.
"""

import sys
from pathlib import Path


def rooms() -> Path:
    """Return the folder of the rooms: that of the tree, or that of an installation."""
    here = Path(__file__).resolve().parent
    installed = here / "_rooms"
    return installed if installed.is_dir() else here.parent


def main() -> None:
    """Run the command that the arguments name."""
    sys.path.insert(0, str(rooms()))
    from cli.main import main as command

    command()


# By its path, it runs for a Python that does not find this package, as of tests in the tree.
if __name__ == "__main__":
    main()
