"""The PiktID accounts: where they stand, their tokens and limits, and what has changed of them since.

Imported by: actors, cli, web, worker. Imports: config.
"""
