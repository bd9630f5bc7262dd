"""The commands that run until they are told to end.

Imported by: cli. Imports: demo, shared, actors, config, sandbox, web, worker.
"""
