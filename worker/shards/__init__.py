"""The ledgers of an installation that has several: which account is on which, and a client for each.

Imported by: worker above it, actors, cli, web. Imports: ledger, store, config.
"""
