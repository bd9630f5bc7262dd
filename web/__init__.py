"""What is served over HTTP: the inlet of the API's webhooks."""
