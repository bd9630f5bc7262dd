"""What tests may see and set: everything under `/_sandbox/`.

Imported by: sandbox. Imports: sandbox below it.
"""
