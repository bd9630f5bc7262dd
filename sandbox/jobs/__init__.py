"""What jobs do while time passes: they are made, run, promoted, regenerated, and tell of themselves.

Imported by: sandbox above it. Imports: account, common.
"""
