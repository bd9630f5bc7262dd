"""From the files that people have to the briefs in them, each with the line on which it stands.

Imported by: doing, reading.tables, sending. Imports: config, worker.
"""
