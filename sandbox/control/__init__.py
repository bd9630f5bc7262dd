"""What tests may see and set: everything under `/_sandbox/`.

Imported by: sandbox. Imports: sandbox; nothing of the worker.
"""
