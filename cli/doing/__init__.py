"""The commands' work, imported only once the options are read: so `--help` need not wait for it.

Imported by: cli above it. Imports: cli below it, actors, config, worker.
"""
