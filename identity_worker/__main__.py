"""`python -m identity_worker`: the command where its script is not on the path."""

import sys

# Multiprocessing imports this file once more in children that it does not fork.
if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the current folder, which Python put there: its modules may be called like any
    from identity_worker.launcher import main

    main()
