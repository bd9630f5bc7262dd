"""Where files are written to: folders and buckets, and the names that files may have everywhere.

Imported by: choosing, export, marking, cli. Imports: config.
"""
