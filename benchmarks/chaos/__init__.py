"""Breaking everything on purpose, and what must be true afterwards."""
