"""What a process counts for monitoring, and brings to Redis once in some seconds.

Imported by: worker above it, actors. Imports: config.
"""
