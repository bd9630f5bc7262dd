"""What jobs do over time: they are created, run, promoted, regenerated, and send their events.

Imported by: sandbox above it. Imports: account, common.
"""
