"""What a process counts for monitoring, and brings to Redis once in some seconds.

Imported by: ledger, metrics, piktid, actors. Imports: config.
"""
