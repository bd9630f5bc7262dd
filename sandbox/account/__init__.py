"""What one account holds, and the rules that change it.

Imported by: sandbox above it, cli. Imports: common.
"""
