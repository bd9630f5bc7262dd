"""`python -m cli`: the command where its script may not be on the path, as in the demo's child processes."""

from cli.main import main

main()
