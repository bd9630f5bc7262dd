"""How the commands show things: tables, plans and live displays, as text and as JSON.

Imported by: commands.briefs, commands.installation, demo. Imports: sending, shared, actors, config, worker.
"""
