"""Where everything stands: records and their states, arrivals, limits; `lua/` decides what must be atomic.

Imported by: worker above it, actors, cli, web. Imports: store, config.
"""
