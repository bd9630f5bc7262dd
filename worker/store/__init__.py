"""The Redis it runs on: how to connect, what it may lose, the check of a start, the embedded server.

Imported by: worker above it, actors, cli, web. Imports: store.servers, config.
"""
