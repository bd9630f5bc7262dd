"""Answers monitoring by HTTP: `/metrics` and `/readyz`.

Imported by: web. Imports: config, worker.
"""
