"""The PiktID accounts: where they are configured, their tokens and limits, how changes are noticed.

Imported by: actors, cli, web, worker. Imports: config.
"""
