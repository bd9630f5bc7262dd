"""What comes in by HTTP: the vendor's webhooks.

Imported by: cli. Imports: worker, config.
"""
