"""Unresolved creates: what was observed of jobs, and which job each create has made.

Imported by: views, actors, cli. Imports: ledger, piktid, store, config.
"""
