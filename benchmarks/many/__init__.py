"""What `benchmarks.bulk` measures, a part each: many briefs on record, and beside a pool of threads.

Imported by: benchmarks, tests. Imports: nothing of ours but the benchmarks' other modules.
"""
