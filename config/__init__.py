"""What can be set and what Redis holds: settings, accounts, keys, logs.

Imported by: accounts, actors, cli, web, worker. Imports: config below it.
"""
