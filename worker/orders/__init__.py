"""Orders: one word of a person for many briefs, whose set is fixed before anything is done, each once.

Imported by: actors, cli, web. Imports: worker below it, config.
"""
