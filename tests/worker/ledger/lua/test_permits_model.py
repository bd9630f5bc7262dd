"""The permits against their model: whatever happens in whatever order, no rule is broken after any step.

`IDENTITY_WORKER_TEST_STEPS` says how many steps; `make test-long` takes 100,000.
"""

import os

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from side_by_side.machine import PHASES, TOLD, Permits

from config.settings import Settings
from worker.ledger.library import ledger_library
from worker.store.functions import Functions

STEPS = int(os.environ.get("IDENTITY_WORKER_TEST_STEPS", "2000"))
LONG = "IDENTITY_WORKER_TEST_STEPS" in os.environ


@pytest.mark.timeout(60 + STEPS // 10)
def test_no_rule_of_the_permits_is_broken_after_any_step(model_client: "redis.Redis") -> None:
    class OnThisServer(Permits):
        client = model_client
        functions = {  # noqa: RUF012  # read only
            counts: Functions(model_client, ledger_library(Settings(speed=1, preprocessing_counts=counts)))
            for counts in (False, True)
        }

    began = TOLD.steps
    while TOLD.steps - began < STEPS:
        run_state_machine_as_test(
            OnThisServer,
            settings=settings(
                max_examples=min(300, max(10, STEPS // 100)),
                stateful_step_count=60,
                suppress_health_check=list(HealthCheck),
                print_blob=False,
                report_multiple_bugs=False,
                phases=PHASES,
            ),
        )
        if not LONG:
            break
