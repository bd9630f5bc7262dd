"""Briefs on their way from files to the queue: checked, told of, sent.

Imported by: cli above it. Imports: reading, shared, actors, config, worker.
"""
