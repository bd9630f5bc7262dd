"""The commands about briefs: send, list, explain, choose, answer.

Imported by: cli. Imports: cli below it, actors, config, worker.
"""
