"""What is shown, as text and as JSON: it reads nothing and changes nothing.

Imported by: commands.briefs, commands.installation, demo. Imports: sending, shared, actors, config, worker.
"""
