"""From the files that people have to the briefs in them, each with the line on which it stands.

Imported by: cli above it. Imports: config, worker.
"""
