"""The endpoints under `/_sandbox/`: settings, faults, ledger and journal, for tests and demos."""
