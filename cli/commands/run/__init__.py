"""The commands that run until they are told to end.

Imported by: cli. Imports: demo, sending, shared, actors, config, sandbox, web, worker.
"""
