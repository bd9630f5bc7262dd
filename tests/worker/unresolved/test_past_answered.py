"""A person answers for briefs that a forgotten job may be of, as `status --held` tells."""

import pytest
from forgetting import copy_of, finish, look_back, put_back
from own_account import CREATE
from pydantic import SecretStr
from stepping import Flow

from worker.network.pool import open_pool
from worker.operations import audit
from worker.operations.operator import Operator
from worker.piktid.client import PiktID
from worker.unresolved.past import forget


@pytest.fixture
def asked(flow: Flow) -> Flow:
    """Two briefs of which each may own the job of a create that the server has forgotten."""
    flow.accept(brief_id="a")
    copy = copy_of(flow.client)
    assert flow.steps.run() == ("submit_brief", "brief:a")
    put_back(flow.client, copy)
    flow.api.rest()
    flow.accept(brief_id="b", instructions=[{"prompt": "a sailor", "num_variations": 2}])
    flow.functions.run(forget(None, "test", "a test"))
    look_back(flow)
    assert [flow.brief(each).state for each in "ab"] == ["held", "held"]
    return flow


def test_one_adopts_the_forgotten_job_and_another_is_sent_again(asked: Flow) -> None:
    operator = Operator(asked.client, asked.settings, "ada")
    (job,) = asked.brief("a").json("candidate_jobs")
    with open_pool() as pool:
        api = PiktID(pool, asked.api.url, SecretStr(asked.api.token))
        operator.adopt(asked.brief("a"), job["job_id"], api)
    operator.resend(asked.brief("b"))
    assert finish(asked, "a", "b") == ["done", "done"]
    assert asked.brief("a").fields["job_id"] == job["job_id"]
    assert asked.api.requests(f"POST {CREATE}") == 2
    for each in "ab":
        audited = audit.read(asked.client, each)
        assert audited is not None
        assert list(audit.faults(audited)) == []
