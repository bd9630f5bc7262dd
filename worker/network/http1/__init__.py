"""HTTP/1.1 over one connection: what is written for a request, and how its answer is read.

Imported by: network. Imports: nobody.
"""
