"""From a socket to an endpoint: the process, what each request passes, faults, the journal.

Imported by: sandbox above it. Imports: account, common.
"""
