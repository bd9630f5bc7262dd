"""What can be set and what Redis holds: settings, accounts, keys, logs.

Imported by: all. Imports: nobody of this project.
"""
