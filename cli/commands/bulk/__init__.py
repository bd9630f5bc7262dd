"""The commands about many briefs at once.

Imported by: cli. Imports: doing, sending, shared, config, worker.
"""
