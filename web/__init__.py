"""What comes in by HTTP: the vendor's webhooks, monitoring's questions, programs' briefs, the page.

Imported by: cli. Imports: metrics, page, v1, actors, config, worker.
"""
