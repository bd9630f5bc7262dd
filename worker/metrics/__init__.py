"""What monitoring reads: the figures of the whole installation, and whether it stands still.

Imported by: cli, web. Imports: worker below it, config.
"""
