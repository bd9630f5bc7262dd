"""How a line of the log is built and written.

Imported by: config. Imports: nobody.
"""
