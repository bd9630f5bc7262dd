"""One visit to the page: who the visitor is, what was asked for, and how it is answered.

Imported by: page, page.views. Imports: metrics, v1, config, worker.
"""
