"""What a process counts for monitoring, and adds to Redis every few seconds.

Imported by: worker above it, actors. Imports: config.
"""
