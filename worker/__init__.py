"""What is done: briefs, the API client, the ledger, permits, choosing, events. Knows nothing of Dramatiq."""
