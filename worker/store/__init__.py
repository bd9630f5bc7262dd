"""The Redis it runs on: how to connect, what it may lose, the check of a start, the embedded server.

Imported by: all of worker above it. Imports: config.
"""
