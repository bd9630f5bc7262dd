"""How settings are declared: their types, bounds and variables.

Imported by: config. Imports: nobody.
"""
