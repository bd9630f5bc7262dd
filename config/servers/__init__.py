"""How servers are reached: what TLS trusts of Redis and of the API.

Imported by: worker. Imports: nobody.
"""
