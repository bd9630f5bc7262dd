"""Who does it: the actors in the order a brief meets them (`path`), and the listener."""
