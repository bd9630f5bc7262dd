"""The words by which journals name the API's errors: stored for years, they outlive the classes' names."""

from collections.abc import Iterator
from itertools import chain

from worker.ledger.kinds import UNRESOLVED
from worker.lifecycle.charges import take_apart
from worker.lifecycle.error_policy import UnconfirmedError
from worker.piktid import errors
from worker.piktid.errors import ApiError

#: As every version since the first has written them.
WORDS = {
    errors.ApiError: "ApiError",
    errors.NotSentError: "NotSent",
    errors.OutcomeUnknownError: "OutcomeUnknown",
    errors.PageAnsweredError: "OutcomeUnknown",
    errors.PictureRefusedError: "PictureRefused",
    errors.StatusError: "Answered",
    errors.InvalidRequestError: "Invalid",
    errors.UnauthorizedError: "Unauthorized",
    errors.OutOfCreditsError: "OutOfCredits",
    errors.ForbiddenError: "Forbidden",
    errors.NotFoundError: "NotFound",
    errors.NoApiError: "NoApi",
    errors.AlreadyPromotedError: "AlreadyPromoted",
    UnconfirmedError: "NotSent",
    errors.NameTakenError: "NameTaken",
    errors.RetryLaterError: "Later",
    errors.ThrottledError: "Throttled",
    errors.SlotsFullError: "SlotsFull",
    errors.JobsFullError: "JobsFull",
    errors.RateLimitedError: "RateLimited",
    errors.UnavailableError: "Unavailable",
    errors.RedirectedError: "Redirected",
    errors.UnexpectedStatusError: "Unexpected",
}


def tree(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    yield kind
    yield from chain.from_iterable(map(tree, kind.__subclasses__()))


def test_each_error_is_journalled_under_the_word_that_it_always_had() -> None:
    assert {kind: kind.outcome for kind in tree(ApiError)} == WORDS


def test_an_old_journal_tells_which_calls_nobody_knows_the_end_of() -> None:
    def outcomes(what: str) -> list[dict[str, object]]:
        call = {"call": "create", "subject": "brief:a", "attempt": 1}
        return [{**call, "what": "intended"}, {**call, "what": what}]

    unresolved = {what for what in WORDS.values() if take_apart(outcomes(what)).unresolved}
    assert unresolved == {"OutcomeUnknown", "Unexpected"}
    assert unresolved < set(UNRESOLVED)
