"""Where files are written to: folders and buckets, and the names that files may have everywhere.

Imported by: worker above it, actors, cli. Imports: config.
"""
