"""The pictures that briefs name: read from a folder or fetched from a stranger.

Imported by: all of worker above it. Imports: config, worker.briefs, worker.network, worker.piktid.
"""
