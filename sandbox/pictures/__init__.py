"""The drafts' pictures: portraits that follow their brief.

Imported by: sandbox. Imports: sandbox; nothing of the worker.
"""
