"""What `/v1`, the queue, the stream and the webhooks look like to programs, as OpenAPI and AsyncAPI.

Imported by: v1. Imports: config, worker.
"""
