"""The commands about briefs: send, list, explain, choose, answer.

Imported by: cli.main. Imports: cli, actors, worker, config.
"""
