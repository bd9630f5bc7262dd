"""Traces: makes spans of the stages that are on record as ended, and has them exported by OpenTelemetry.

Imported by: lifecycle, actors, cli. Imports: store, tally, config.
"""
