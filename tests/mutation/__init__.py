"""The hand-made mutations, by the area that they break (`tests/mutants.py`)."""
