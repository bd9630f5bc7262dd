"""What is shown, as text and as JSON: it reads nothing and changes nothing.

Imported by: cli. Imports: worker, config.
"""
