"""The deliverer process: sends the events for downstream to the endpoints of webhooks.

Imported by: cli. Imports: listener, process, config, worker.
"""
