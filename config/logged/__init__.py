"""How a line of the log is put together and written.

Imported by: config. Imports: nobody.
"""
