"""What an operator does: answer, retry, cancel, set limits; audit and doctor.

Imported by: archive, callers, hooks, actors, cli, web. Imports: worker below it, config.
"""
