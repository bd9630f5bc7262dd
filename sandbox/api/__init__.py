"""The endpoints of the API, one module for each part of the guide."""
