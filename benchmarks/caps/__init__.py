"""How well an account's caps are used, beside other ways and the best that is possible.

Imported by: benchmarks, tests. Imports: everything.
"""
