"""How settings are declared: their types, bounds and variables.

Imported by: config, cli. Imports: nobody.
"""
