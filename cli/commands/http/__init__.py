"""The commands about HTTP: tokens of callers, endpoints for events, the vendor's webhooks.

Imported by: cli. Imports: doing, shared, config, worker.
"""
