"""Every picture of every brief, stored in a folder or a bucket before its link expires.

Imported by: actors, cli. Imports: worker below it, config.
"""
