"""Unresolved creates: what was observed of jobs, and the decision which job a create has made.

Imported by: views, actors, cli. Imports: ledger, piktid, store, config.
"""
