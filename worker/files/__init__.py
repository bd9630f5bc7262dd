"""The pictures that briefs name: read from a folder or fetched from a URL.

Imported by: actors, cli. Imports: briefs, network, piktid, config.
"""
