"""What the views show, made of what was read: lines, cards, plots.

Imported by: page.views. Imports: actors, config, worker.
"""
