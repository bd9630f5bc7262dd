"""The demo: a whole installation on this machine, one run of it, and what it leaves behind.

Imported by: commands.run. Imports: render, sending, shared, config, worker.
"""
