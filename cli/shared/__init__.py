"""What commands have in common: how they read, print, ask and end.

Imported by: cli above it. Imports: actors, config, worker.
"""
