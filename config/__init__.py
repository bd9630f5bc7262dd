"""What can be set and what Redis holds: settings, accounts, keys, logs.

Imported by: actors, cli, web, worker. Imports: nobody.
"""
