"""What people and programs may read: briefs, accounts, events, each as frozen values.

Imported by: worker.forecast, worker.operations and above. Imports: worker.lifecycle, worker.unresolved and
below.
"""
