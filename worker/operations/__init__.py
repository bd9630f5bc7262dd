"""What an operator does: answer, retry, cancel, set limits; audit and doctor.

Imported by: actors, web, cli. Imports: worker.views and below.
"""
