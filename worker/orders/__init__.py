"""Orders: one command of a person for many briefs. Which briefs is fixed first; each is changed once.

Imported by: actors, cli, web. Imports: worker below it, config.
"""
