"""`/v1/...`: briefs, batches, accounts and events for programs, by HTTP.

Imported by: page.visiting, web. Imports: description, actors, config, worker.
"""
