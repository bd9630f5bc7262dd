"""What each step of a brief decides: acceptance, preparation, choosing, what an error means, recovery.

Imported by: operations, orders, actors, cli, web. Imports: worker below it, config.
"""
