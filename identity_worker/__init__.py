"""The one top-level name of the wheel: its entry point (`launcher`), and `testing` for other projects.

Imported by: nobody. Imports: handle, cli.
"""
