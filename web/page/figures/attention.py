"""What needs a person: a line each, with what to do about it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from actors.broker.dead_letters import DeadLetter
from config.text import counted, printable
from config.times import format_duration
from web.page.figures.cards import WHATS
from worker.briefs.faults import shown
from worker.hooks.standing import Standing
from worker.ledger.kinds import JUDGING
from worker.metrics.measures import AccountMeasures
from worker.metrics.reading import Reading
from worker.metrics.standing import Reason
from worker.operations.halts import Halt
from worker.views.account import PauseView

#: Milliseconds before the end of a token at which it is told.
_TOKEN_MS = 7 * 86_400_000
#: Causes that have a line of their own.
_MOST_CAUSES = 5


@dataclass(frozen=True)
class Act:
    """A button."""

    what: str
    """What its form sends to `/overview/act`."""
    button: str
    account: str = ""
    dead_letter: str = ""
    """The id of a dead letter, as it is shown."""
    asks: str = ""
    """What is asked before it is done; blank: nothing."""


@dataclass(frozen=True)
class Line:
    """One thing that waits for a person."""

    told: str
    do: str = ""
    """What to do, where no button does it."""
    link: str = ""
    """Where it is done."""
    button: str = ""
    """What the link says; to whoever may only look, another word."""
    acts: tuple[Act, ...] = ()
    """What can be done about it right here."""
    role: str = "viewer"
    """Who may follow the link."""


def lines(
    reading: Reading,
    reasons: Sequence[Reason],
    accounts: Sequence[AccountMeasures],
    pauses: Mapping[str, Mapping[str, PauseView]],
    halts: Mapping[str, Halt],
    endpoints: Sequence[Standing] = (),
    dead_letters: Sequence[DeadLetter] = (),
    *,
    whole: bool = True,
) -> Iterator[Line]:
    """Yield what needs a person, of these accounts and, where it is `whole`, of the installation."""
    if whole:
        for reason in reasons:
            yield Line(f"{reason.told[:1].upper()}{reason.told[1:]}.", reason.remedy)
    yield from _briefs(accounts)
    if whole:
        yield from _dead_letters(dead_letters, sum(reading.dead_letters.values()), reading.at)
    for endpoint in endpoints:
        yield from _endpoint(endpoint)
    for account in accounts:
        yield from _account(account, pauses.get(account.name, {}), halts.get(account.name))


def _dead_letters(dead_letters: Sequence[DeadLetter], number: int, now: int) -> Iterator[Line]:
    for each in dead_letters:
        name = printable(each.id)
        told = f"The message {name} of the queue {each.queue} could not be run: {printable(each.error)}."
        # Backquotes would have it shown as a command of ours.
        text = f"Since {format_duration(now - each.at)}. It is: {shown(each.text)}".replace("`", "'")
        throws = Act(
            "drop", "Throw it away", dead_letter=name, asks=f"Throw the message {name} away for good?"
        )
        yield Line(told, text, acts=(Act("revive", "Run it again", dead_letter=name), throws))
    if number > len(dead_letters) > 0:
        told = f"{counted(number - len(dead_letters), 'more message')} of the queues could not be run."
        yield Line(told, "`identity-worker status --held` lists all, with the command that answers")


def _endpoint(standing: Standing) -> Iterator[Line]:
    name, waiting = standing.endpoint.name, counted(standing.waiting, "event waits", "events wait")
    if standing.pause is not None:
        told = f"The endpoint {name} of webhooks is {standing.pause}; {waiting}."
        do = f"`identity-worker hooks unpause {name}` sends what waits"
        yield Line(told, do, link="/access", button=f"Webhooks: {name}", role="admin")
    elif standing.failing_since is not None:
        yield Line(f"The endpoint {name} of webhooks takes nothing: {standing.error}; {waiting}.")


def _briefs(accounts: Sequence[AccountMeasures]) -> Iterator[Line]:
    causes: Counter[str] = Counter()
    choosing = 0
    for account in accounts:
        for place, number in account.counts.items():
            state, cause = place.split(":", 1)
            if state == "held":
                causes[cause] += number
            elif state == "choosing" and cause != JUDGING:
                choosing += number
    for cause, number in causes.most_common(_MOST_CAUSES):
        told = f"{counted(number, 'brief waits', 'briefs wait')} for an answer" + (
            f": {cause}." if cause else "."
        )
        yield Line(told, link="/briefs?filter=state:held", button="Answer")
    if choosing:
        told = f"{counted(choosing, 'brief waits', 'briefs wait')} for somebody to choose among drafts."
        yield Line(told, link="/gallery", button="Choose")


def _account(account: AccountMeasures, pauses: Mapping[str, PauseView], halt: Halt | None) -> Iterator[Line]:
    name = account.name
    if halt is not None and not halt.goes_on:
        yield Line(f"Account {name} is {halt.words}.", acts=(Act("unpause", "Let it go on", name),))
    for what, pause in pauses.items():
        if pause.refusals and not pause.passes:
            told = f"Account {name}: the API refuses {WHATS[what]}: {pause.reason}"
            again = Act("resume", "Try again now", name)
            yield Line(told, "mend the cause, then have it tried again", acts=(again,))
    if account.leased is None:
        told = f"Nobody follows the events of account {name}."
        yield Line(told, "start a listener: `identity-worker listen`")
    elif account.stream is not None and account.stream.stalled:
        told = f"The event stream of account {name} is open, and something holds it back."
        yield Line(told, "see `identity-worker doctor`")
    left = account.token_ends_ms
    if left is not None and left < _TOKEN_MS:
        ends = "has ended" if left <= 0 else f"ends in {format_duration(left)}"
        yield Line(f"The token of account {name} {ends}.", "put a new one into the accounts file")
