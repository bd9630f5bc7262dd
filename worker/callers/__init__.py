"""Who sends briefs by HTTP or by a queue of its own: what each may use, has sent, may spend a day.

Imported by: actors, cli, web. Imports: worker below it, config.
"""
