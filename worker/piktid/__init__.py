"""The PiktID v2 API: its calls, answers, errors, event stream, webhooks and pictures.

Imported by: all of worker above it. Imports: config, worker.briefs, worker.network.
"""
