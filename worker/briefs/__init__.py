"""From bytes to a brief: its fields, its rules, its faults, and what makes two briefs the same.

Imported by: all of worker above it. Imports: config.
"""
