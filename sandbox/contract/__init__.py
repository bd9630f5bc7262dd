"""The endpoints that the guide describes, as it describes them.

Imported by: extras, sandbox. Imports: sandbox below it.
"""
