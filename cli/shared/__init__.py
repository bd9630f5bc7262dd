"""What commands have in common: how they read, print, ask and end.

Imported by: cli. Imports: actors.broker, worker, config.
"""
