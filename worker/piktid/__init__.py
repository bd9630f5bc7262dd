"""The PiktID v2 API: its calls, answers, errors, event stream, webhooks and pictures.

Imported by: worker above it, actors, cli, web. Imports: worker below it, config.
"""
