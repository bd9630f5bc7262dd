"""Tables of briefs: CSV, TSV and Excel's; a column is a path of the brief, a row is a brief.

Imported by: commands.briefs, commands.bulk, sending. Imports: reading, config, worker.
"""
