"""Where files are written: folders and buckets, and file names that are valid on every system.

Imported by: worker above it, actors, cli. Imports: config.
"""
