"""Briefs on their way from files to the queue: checked, told of, sent.

Imported by: cli. Imports: cli.reading, actors, worker, config.
"""
