"""What one account holds, and the rules that change it.

Imported by: sandbox. Imports: sandbox; nothing of the worker.
"""
