"""What is done: the API client, the ledger, what each step decides, what people read. One room for each.

Imported by: actors, cli, web. Imports: config.
"""
