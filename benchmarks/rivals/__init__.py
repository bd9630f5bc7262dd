"""Other ways to drive the same API, written as their users would: what ours is compared with.

Imported by: benchmarks, tests. Imports: nothing of ours but the benchmarks' harness.
"""
