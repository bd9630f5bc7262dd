"""Tries another rule on the drafts of an export or an archive, and compares it with what was chosen.

Imported by: cli. Imports: worker below it.
"""
