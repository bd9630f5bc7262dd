"""What people and programs may read: briefs, accounts, events, each as frozen values.

Imported by: forecast, operations, selection, actors, cli. Imports: briefs, ledger, unresolved, config.
"""
