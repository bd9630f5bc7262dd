"""What monitoring reads: the figures of the whole installation, and whether it stands still.

Imported by: web. Imports: ledger, store, tally, config.
"""
