"""Who does it: `path` has the steps of a brief in their order.

Imported by: web, cli. Imports: worker, config.
"""
