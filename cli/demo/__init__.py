"""The demo: a whole installation on this machine, one run of it, and what it leaves behind.

Imported by: cli.commands. Imports: cli, worker, config.
"""
