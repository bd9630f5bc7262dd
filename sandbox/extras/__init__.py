"""The endpoints beside the guide's flow, for the vendor's other clients.

Imported by: sandbox. Imports: sandbox below it.
"""
