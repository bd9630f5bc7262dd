"""How servers are reached: the addresses of a Redis, and what TLS trusts of it and of the API.

Imported by: config, worker. Imports: nobody.
"""
