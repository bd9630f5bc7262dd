"""What a worker does as a process: it shares its threads among accounts, and begins anew when told.

Imported by: actors, deliverer, listener, web. Imports: config, worker.
"""
