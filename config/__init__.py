"""What can be set, and what Redis holds: settings, accounts, keys, connections, broker, logs."""
