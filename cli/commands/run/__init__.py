"""The commands that run until they are told to end.

Imported by: cli.main. Imports: cli, actors, web, worker, config; `sandbox` the sandbox.
"""
