"""What people type: one file a command, each importing only what it needs."""
