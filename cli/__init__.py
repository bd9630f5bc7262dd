"""What people type. Each command is imported only when it is run.

Imported by: nobody. Imports: everything but sandbox.
"""
