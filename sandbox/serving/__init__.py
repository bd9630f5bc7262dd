"""From a socket to an endpoint: the process, what every request goes through, faults, the journal.

Imported by: sandbox above it. Imports: account, common.
"""
