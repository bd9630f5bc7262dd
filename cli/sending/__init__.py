"""Briefs on their way from files to the queue: checked, counted and priced, sent.

Imported by: cli above it. Imports: reading, reading.tables, shared, actors, config, worker.
"""
