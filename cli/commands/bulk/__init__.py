"""The commands about many briefs at once.

Imported by: cli. Imports: reading, sending, shared, config, worker.
"""
