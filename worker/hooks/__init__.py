"""Webhooks out: the events for downstream, sent to the endpoints of others, signed.

Imported by: actors, cli, web. Imports: worker below it, config.
"""
