"""The commands about many briefs at once.

Imported by: cli. Imports: cli below it, config, worker.
"""
