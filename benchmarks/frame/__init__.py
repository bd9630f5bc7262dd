"""What all benchmarks have in common: figures, goals, the machine, and the pages made of them.

Imported by: benchmarks, tests. Imports: nothing of ours.
"""
