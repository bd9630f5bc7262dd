"""The drafts' pictures: portraits that follow their brief.

Imported by: contract, control, extras. Imports: account, common.
"""
