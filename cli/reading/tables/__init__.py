"""Tables of briefs (CSV, TSV, Excel): a column is a path of the brief, a row is a brief.

Imported by: doing, sending. Imports: reading, config, worker.
"""
