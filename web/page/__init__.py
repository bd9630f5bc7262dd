"""The page: what an operator keeps open, and where drafts are chosen.

Imported by: web. Imports: metrics, page.views, page.visiting, config, worker.
"""
