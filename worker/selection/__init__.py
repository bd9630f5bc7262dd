"""Which briefs are meant: one filter for every command, its one-line language, the walk by it.

Imported by: worker above it, cli, web. Imports: worker below it, config.
"""
