"""Creates whose outcome nobody knows: what was seen of jobs, and whose they are.

Imported by: worker.views and above. Imports: worker.ledger, worker.piktid.
"""
