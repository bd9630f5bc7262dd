"""How a connection finds its server: the primary that Sentinels name, or a cluster's node of one slot.

Imported by: operations, store. Imports: config.
"""
