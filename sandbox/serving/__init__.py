"""From a socket to an endpoint: the process, what each request passes, faults, the journal.

Imported by: sandbox. Imports: sandbox; nothing of the worker.
"""
