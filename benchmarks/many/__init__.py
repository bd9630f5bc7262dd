"""Many briefs and many accounts: briefs on record, a pool of threads beside ours, a worker beside a raw API.

Imported by: benchmarks, tests. Imports: nothing of ours but the benchmarks' other modules.
"""
