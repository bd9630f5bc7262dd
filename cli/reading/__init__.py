"""Reads the briefs out of people's files, each brief with the line on which it stands.

Imported by: doing, reading.tables, sending. Imports: config, worker.
"""
