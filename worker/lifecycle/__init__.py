"""What each step of a brief decides: admission, preparation, choosing, what an error means, recovery.

Imported by: operations, actors, cli. Imports: briefs, ledger, piktid, config.
"""
