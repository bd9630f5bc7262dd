"""The listener process: an event stream for each leased account, and the timers.

Imported by: deliverer, cli. Imports: process, config, worker.
"""
