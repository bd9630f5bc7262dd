"""Choices that an export or an archive tells of, read back to be made again by another rule.

Imported by: cli. Imports: worker below it.
"""
