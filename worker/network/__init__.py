"""Connections on which every wait has a time limit, and the rule which addresses may be called.

Imported by: worker above it, actors, cli, web. Imports: network.http1, config.
"""
