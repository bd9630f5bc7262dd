"""How servers are reached: the addresses of a Redis, and which certificates are trusted.

Imported by: config, worker. Imports: nobody.
"""
