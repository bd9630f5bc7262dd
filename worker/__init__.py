"""The work without its processes: API client, ledger, decisions and views, a room for each.

Imported by: actors, cli, web. Imports: config.
"""
