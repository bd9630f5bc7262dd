"""What comes in by HTTP: the vendor's webhooks.

Imported by: cli. Imports: actors, config, worker.
"""
