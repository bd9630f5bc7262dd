"""What people and programs may read: briefs, accounts, events, each as frozen values.

Imported by: worker above it, actors, cli, web. Imports: briefs, ledger, unresolved, config.
"""
