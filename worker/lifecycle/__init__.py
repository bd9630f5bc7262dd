"""What each step of a brief decides: admission, preparation, choosing, what an error means, recovery.

Imported by: all of worker above it. Imports: worker.ledger, worker.briefs, worker.piktid, worker.files.
"""
