"""How long things take, where more than one room must agree on it."""

#: Milliseconds without a sign of life after which a worker is dead and its messages are put back.
DEAD_AFTER = 5_000
