"""The one top-level name of an installation: its way in (`launcher`), and `testing` for other projects.

Imported by: nobody. Imports: handle, cli.
"""
