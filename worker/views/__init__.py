"""What people and programs may read of briefs, accounts and events: each a frozen value.

Imported by: worker above it, actors, cli, web. Imports: worker below it, config.
"""
