"""What the views show, computed from what was read: lines, cards, plots.

Imported by: page.views. Imports: actors, config, worker.
"""
