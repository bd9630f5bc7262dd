"""Connections whose every wait has an end, and the addresses that may be called.

Imported by: worker above it, actors, cli, web. Imports: network.http1, config.
"""
