"""`python -m cli`: the command from the tree, and in the processes that the command itself starts."""

from cli.main import main

# Multiprocessing imports this file once more in children that it does not fork.
if __name__ == "__main__":
    main()
