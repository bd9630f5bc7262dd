"""Creates whose outcome nobody knows: what was seen of jobs, and whose they are.

Imported by: views, actors, cli. Imports: ledger, piktid, config.
"""
