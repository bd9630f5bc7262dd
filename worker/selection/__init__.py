"""Which briefs a command means: one filter for all commands, its one-line form, the search by it.

Imported by: worker above it, cli, web. Imports: worker below it, config.
"""
