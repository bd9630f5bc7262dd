"""What jobs do while time passes: they are made, run, promoted, regenerated, and tell of themselves.

Imported by: sandbox.contract and above. Imports: sandbox.account and below.
"""
