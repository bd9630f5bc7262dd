"""Who does it: `path` has the steps of a brief in their order.

Imported by: listener, cli, web. Imports: broker, config, worker.
"""
