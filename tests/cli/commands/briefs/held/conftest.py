"""A worker that some steps break."""

import pytest
from processes import ProcessFactory, dramatiq_command


@pytest.fixture
def broken_worker(start: ProcessFactory) -> ProcessFactory:
    """What starts a worker that some steps break; POISON and BROKEN say which."""
    return lambda **more: start("worker", dramatiq_command("poisoned_worker"), **more)
