"""Where files are written to: folders and buckets, and the names that files may have everywhere.

Imported by: export, marking, cli. Imports: config.
"""
