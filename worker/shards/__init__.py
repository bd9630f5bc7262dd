"""The ledgers of an installation that has several: which account lives where, and a client of each.

Imported by: worker above it, actors, cli, web. Imports: ledger, store, config.
"""
