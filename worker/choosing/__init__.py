"""Which draft is the best: rules and plug-ins that look at pictures, in a process of their own.

Imported by: lifecycle, operations, replay, actors, cli. Imports: briefs, config.
"""
