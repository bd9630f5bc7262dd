"""Where everything stands: records and their states, arrivals, limits; `lua/` decides what must be atomic.

Imported by: all of worker above it. Imports: config, worker.store.
"""
