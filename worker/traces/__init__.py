"""Traces: spans of the stages that the ledger records as ended, exported to OpenTelemetry.

Imported by: lifecycle, actors, cli. Imports: store, tally, config.
"""
