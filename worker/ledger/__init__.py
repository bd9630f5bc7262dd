"""Where everything stands: records, their states, arrivals, events; `lua/` decides what must be atomic.

Imported by: worker above it, actors, cli, web. Imports: store, tally, config.
"""
