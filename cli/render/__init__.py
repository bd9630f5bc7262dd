"""How the commands show things: tables, plans and live displays, as text and as JSON.

Imported by: cli above it. Imports: sending, shared, actors, config, worker.
"""
