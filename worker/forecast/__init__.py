"""When briefs start, why they wait, and what a batch will cost.

Imported by: actors, web, cli. Imports: worker.views and below.
"""
