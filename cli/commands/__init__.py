"""The commands, a file each: about briefs, about the installation, and those that run.

Imported by: cli. Imports: cli below it, actors, config, sandbox, web, worker.
"""
