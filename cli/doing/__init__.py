"""What the commands do that import much, once their options are read: their help does not wait for it.

Imported by: commands.briefs, commands.bulk, commands.http. Imports: cli below it, actors, config, worker.
"""
