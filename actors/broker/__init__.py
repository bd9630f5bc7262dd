"""Dramatiq on Redis, made safe: the consumer, dead letters, draining; `lua/` are its scripts.

Imported by: actors, cli. Imports: config, worker.
"""
