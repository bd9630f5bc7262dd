"""What an operator does: answer, retry, cancel, set limits; audit and doctor.

Imported by: worker above it, actors, cli, web. Imports: worker below it, config.
"""
