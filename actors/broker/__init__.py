"""Dramatiq on Redis, made safe: the consumer, dead letters, draining; `lua/` is its function library.

Imported by: actors, cli, web. Imports: config, worker.
"""
