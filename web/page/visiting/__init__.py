"""One visit to the page: who comes, by which request, and what is answered.

Imported by: page, page.views. Imports: metrics, v1, config, worker.
"""
