"""Webhooks out: the events for downstream, sent to the endpoints of others, signed.

Imported by: cli. Imports: network, config.
"""
