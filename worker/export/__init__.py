"""Pictures, their provenance and an index of both, written to a folder or a bucket.

Imported by: actors, cli. Imports: ledger, network, piktid, views, config.
"""
