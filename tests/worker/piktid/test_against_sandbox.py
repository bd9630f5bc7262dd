"""The whole way from a brief to an identity, and the refusals on it, against the sandbox."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from calls import BODY, failure
from pydantic import SecretStr

from sandbox.account.dialects import DialectName
from sandbox.server import running
from worker.network.pool import open_pool
from worker.piktid.answers import JobStatus, Preprocessing, RunState
from worker.piktid.client import PiktID
from worker.piktid.errors import (
    AlreadyPromotedError,
    JobsFullError,
    NameTakenError,
    NotFoundError,
    OutOfCreditsError,
    RateLimitedError,
    UnauthorizedError,
)
from worker.piktid.pictures import download


def until_done(ask: Callable[[], JobStatus | Preprocessing]) -> RunState:
    """Ask until the run ends; a job just made may not be known yet."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(NotFoundError):
            if (state := ask().state) is not RunState.RUNNING:
                return state
    raise TimeoutError


@pytest.mark.parametrize("dialect", ["guide", "docs"])
def test_a_brief_becomes_an_identity_in_both_spellings_of_the_sandbox(dialect: DialectName) -> None:
    with running(speed=1000.0, dialect=dialect) as sandbox, open_pool() as pool:
        api = PiktID(pool, sandbox.url, SecretStr(sandbox.token("client")))
        before = api.me().credits
        created = api.create({"instructions": [{"prompt": "a face", "num_variations": 2}], "name": "Spring"})
        assert until_done(lambda: api.job_status(created.job_id)) is RunState.COMPLETED
        drafts = api.job_results(created.job_id).drafts
        assert [(draft.usable, draft.group_index) for draft in drafts] == [(True, 0), (True, 1)]
        chosen = drafts[1]
        assert chosen.url is not None
        assert download(pool, chosen.url).suffix == ".jpg"
        assert chosen.image_result_id is not None
        promoted = api.promote(chosen.image_result_id)
        assert until_done(lambda: api.preprocessing(promoted.identity_code)) is RunState.COMPLETED
        again = failure(lambda: api.promote(chosen.image_result_id or 0))
        assert isinstance(again, AlreadyPromotedError)
        assert again.identity_code == promoted.identity_code
        taken = failure(lambda: api.promote(drafts[0].image_result_id or 0, name="Spring"))
        assert type(taken) is NameTakenError
        assert [identity.name for identity in api.own_identities()] == ["Spring"]
        after = api.me().credits
        assert before is not None
        assert after is not None
        assert before - after >= 50


def test_the_refusals_of_the_sandbox_have_their_classes() -> None:
    with running(price_draft_2k=1e6, create_per_minute=1) as sandbox, open_pool() as pool:
        api = PiktID(pool, sandbox.url, SecretStr(sandbox.token("refused")))
        broke = failure(lambda: api.create(BODY))
        assert isinstance(broke, OutOfCreditsError)
        assert f"required 1e+06, in progress 0, balance {api.me().credits:g}" in broke.message
        assert type(failure(lambda: api.create(BODY))) is RateLimitedError
        assert type(failure(lambda: api.promote(1))) is NotFoundError
        assert type(failure(lambda: api.job_status("nobody's"))) is NotFoundError
        busy = PiktID(pool, sandbox.url, SecretStr(sandbox.token("busy")))
        sandbox.settings(account=sandbox.token("busy"), jobs_cap=0)
        assert type(failure(lambda: busy.create(BODY))) is JobsFullError
        stranger = PiktID(pool, sandbox.url, SecretStr("a-stranger"))
        assert type(failure(stranger.me)) is UnauthorizedError
