"""The endpoints that the guide describes, as it describes them.

Imported by: sandbox. Imports: sandbox; nothing of the worker.
"""
