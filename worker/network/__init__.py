"""Connections whose every wait has an end, and the addresses that may be called.

Imported by: export, files, piktid, actors, cli, web. Imports: config.
"""
