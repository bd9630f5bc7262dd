"""The views of the page, a module each: what is read, and which template shows it.

Imported by: page. Imports: page.figures, page.visiting, actors, config, worker.
"""
