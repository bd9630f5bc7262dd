"""A worker as a process: sharing its threads among accounts, and restarting itself when told to.

Imported by: actors, deliverer, listener, web. Imports: config, worker.
"""
