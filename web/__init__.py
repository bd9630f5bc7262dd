"""What comes in by HTTP: the vendor's webhooks, and what monitoring asks.

Imported by: cli. Imports: metrics, actors, config, worker.
"""
