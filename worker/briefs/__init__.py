"""From bytes to a brief: its fields, its rules, its faults, and what makes two briefs the same.

Imported by: worker above it, actors, cli, web. Imports: config.
"""
