"""The Dramatiq actors and the processes that run them; start reading at `path`, the steps of a brief.

Imported by: cli. Imports: broker, process, config, worker.
"""
