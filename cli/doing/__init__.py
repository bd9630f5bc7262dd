"""The commands' work, imported only once the options are read: so `--help` need not wait for it.

Imported by: commands.briefs, commands.bulk, commands.http. Imports: cli below it, actors, config, worker.
"""
