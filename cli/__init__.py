"""The command line `identity-worker`. Each command is imported only when it is run.

Imported by: identity_worker. Imports: cli below it, config, worker.
"""
