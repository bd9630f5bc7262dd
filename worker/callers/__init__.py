"""Who calls by HTTP: tokens and what they allow, what each caller has sent, and what that may cost a day.

Imported by: cli, web. Imports: config.
"""
