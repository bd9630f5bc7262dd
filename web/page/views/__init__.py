"""The views of the page, a module each: what a view reads, and the template that shows it.

Imported by: page. Imports: page.figures, page.visiting, actors, config, worker.
"""
