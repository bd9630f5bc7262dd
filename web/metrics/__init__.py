"""Answers monitoring by HTTP: `/metrics` and `/readyz`.

Imported by: page, page.visiting, web, cli. Imports: config, worker.
"""
