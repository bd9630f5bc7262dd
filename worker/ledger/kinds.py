"""The kinds of records, a row each: the paid call of a brief or promotion, its cost, slots and states.

A kind stands for one paid job of the API. Python, the Lua modules and the documentation look up here what
they must know of it; to follow another product of the API is to add a row, and the actors that its states
name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from config.limits import Endpoint
from worker.ledger.states import BRIEF, PROMOTION, State

#: The journal's outcomes of a paid call that say that the API has accepted it, and may have charged for it.
ACCEPTED = ("accepted", "adopted")
#: The outcomes that leave this open: no answer, an undocumented one, or a crash before the answer came.
UNRESOLVED = ("unknown", "OutcomeUnknown", "Unexpected")
#: Briefs in `choosing` whose drafts a rule has yet to look at are counted under this name, apart from those
#: that wait for a person.
JUDGING = "a rule looks"
#: The events that Lua emits itself, by the brief's new state or refusal, or by what happened to an account or
#: endpoint. Spelt out here, since most commands of an operator should not import `worker/ledger/events.py`.
BY_LUA = {
    "done": "identity.brief.done",
    "failed": "identity.brief.failed",
    "cancelled": "identity.brief.cancelled",
    "conflict": "identity.brief.conflict",
    "stalled": "identity.account.stream.stalled",
    "token_ending": "identity.account.token.ending",
    "hook_paused": "identity.hook.paused",
}


class Kind(StrEnum):
    """The kind of a record; also the first part of its subject."""

    BRIEF = "brief"
    PROMOTION = "promotion"


@dataclass(frozen=True, slots=True)
class Product:
    """What a kind of record buys. The words are for people: they follow "waits", "paused" and a number."""

    endpoint: Endpoint
    """The paid endpoint of its job, and what the journal calls such a call."""
    creating: str
    """In words, what is paused while the endpoint is paused."""
    plural: str
    cost: int | None
    """Credits of its job; None: learned from the jobs before, as the API publishes no price."""
    states: Mapping[str, State]
    begins: tuple[str, ...]
    """The states in which a record begins."""
    waits: str
    """The state in which it waits for permits."""
    claimed: str
    """The state in which its paid call may be under way."""
    running: str
    """The state in which the API is at its job."""
    made: str
    """The state in which its job has ended well."""
    job: str
    """The field of the record with the id that its job is asked for by."""
    duration: str
    """What the account's record calls the mean duration of such jobs."""
    always_counts: bool = True
    """Whether its job is one of the account's jobs in any case, or as `preprocessing_counts` says."""
    slots: bool = True
    """Whether it needs slots in the library."""
    identity: bool = False
    """Whether its job makes an identity, whose code is in the field `job` and takes a slot of the library."""
    job_type: str | None = None
    """What the API calls its job; None: its jobs are asked for by another id."""
    unresolved: str | None = None
    """The state in which nobody knows whether its call has arrived; None: the call may be repeated."""
    parent: Kind | None = None
    """The kind of the record that it is a part of; None: it was asked for itself."""
    follows: Kind | None = None
    """The kind that follows from its job, one for each slot that it has reserved."""
    following: str | None = None
    """The state in which those are under way."""


#: Credits that one promotion costs (guide, *Promoting a draft*).
PROMOTION_CREDITS = 50

KINDS: dict[Kind, Product] = {
    Kind.BRIEF: Product(
        endpoint=Endpoint.CREATE,
        creating="creating",
        plural="briefs",
        cost=None,
        states=BRIEF,
        begins=("preparing", "waiting", "choosing", "failed"),
        waits="waiting",
        claimed="submitting",
        running="generating",
        made="choosing",
        job="job_id",
        duration="drafts",
        # guide, *Tracking drafts*
        job_type="identity_creation",
        unresolved="uncertain",
        follows=Kind.PROMOTION,
        following="promoting",
    ),
    Kind.PROMOTION: Product(
        endpoint=Endpoint.PROMOTE,
        creating="promoting",
        plural="promotions",
        cost=PROMOTION_CREDITS,
        states=PROMOTION,
        begins=("planned",),
        waits="planned",
        claimed="promoting",
        running="preprocessing",
        made="ready",
        job="identity_code",
        duration="preprocessing",
        always_counts=False,
        identity=True,
        parent=Kind.BRIEF,
    ),
}

#: The paid endpoints.
ENDPOINTS = tuple(product.endpoint for product in KINDS.values())
#: What the API calls the jobs that are ours.
JOB_TYPES = tuple(product.job_type for product in KINDS.values() if product.job_type is not None)
#: The kind whose jobs make identities.
IDENTITY = next(kind for kind, product in KINDS.items() if product.identity)
#: What can be paused: the account, an endpoint, and the files and descriptions that come before a create.
PAUSES = ("pause", *ENDPOINTS, "prepare")


def of_endpoint(endpoint: str) -> Product:
    """Return the product that is bought at a paid endpoint."""
    return next(product for product in KINDS.values() if product.endpoint == endpoint)


def final(kind: Kind, state: str) -> bool:
    """Return whether a record in this state is finished."""
    return KINDS[kind].states[state].final
