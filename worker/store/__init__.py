"""The Redis we run on: how to connect, what it may lose, the check at start-up, the embedded server.

Imported by: worker above it, actors, cli, web. Imports: store.servers, config.
"""
