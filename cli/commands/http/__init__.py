"""The commands about who calls by HTTP: tokens, endpoints for events, the vendor's webhooks.

Imported by: cli. Imports: doing, shared, config, worker.
"""
