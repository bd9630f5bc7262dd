"""Pictures, their provenance and an index of both, written to a folder or a bucket.

Imported by: archive, replay, actors, cli. Imports: worker below it, config.
"""
