"""The hand-made mutations of what answers by HTTP."""
