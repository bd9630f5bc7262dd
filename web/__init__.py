"""What comes in by HTTP: the vendor's webhooks, what monitoring asks, and programs that send briefs.

Imported by: cli. Imports: metrics, page, v1, actors, config, worker.
"""
