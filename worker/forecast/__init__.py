"""When briefs start, why they wait, and what a batch will cost.

Imported by: cli, web. Imports: worker below it, config.
"""
