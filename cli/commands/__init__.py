"""The commands, a file each: about briefs, about the installation, and those that run.

Imported by: cli.main. Imports: cli, actors, web, worker, config.
"""
