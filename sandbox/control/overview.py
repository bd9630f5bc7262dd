"""GET /_sandbox/: the sandbox at a glance, for people."""

import itertools
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from sandbox.account.account import Account
from sandbox.account.world import World
from sandbox.pictures.urls import picture_url
from sandbox.serving.context import base_url, world_of

REQUESTS_SHOWN = 20
PICTURES_SHOWN = 12
JOBS_SHOWN = 20
ACCOUNTS_SHOWN = 20

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2"><title>Sandbox</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: auto; max-width: 70em; padding: 1em; color: #222 }}
h2 {{ margin: 1.5em 0 .4em; overflow-wrap: anywhere }}
.facts {{ display: flex; flex-wrap: wrap; gap: .5em; padding: 0; margin: 0 0 .8em; list-style: none }}
.facts li {{ background: #eef1f4; border-radius: 4px; padding: .15em .6em }}
.facts .full {{ background: #f8dfc0 }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ text-align: left; padding: .2em .9em .2em 0; border-bottom: 1px solid #ddd; white-space: nowrap }}
td.name {{ white-space: normal; min-width: 10em }}
td.refused {{ color: #a33b00; font-weight: bold }}
progress {{ width: 8em }}
.drafts {{ display: flex; flex-wrap: wrap; gap: 6px; margin: .8em 0 }}
figure {{ margin: 0; width: 96px; font-size: 12px; text-align: center }}
img {{ width: 96px; height: 120px; object-fit: cover; border-radius: 4px; background: #eee }}
</style></head><body>
<h1>Sandbox</h1><p>Speed {speed:g}, dialect {dialect}, seed {seed}, time {now:.0f} s.</p>
{accounts}
<h2>Last requests</h2>
<div class="wide"><table><tr><th>at (s)</th><th>account</th><th>request</th><th>answer</th><th>fault</th></tr>
{requests}</table></div>
</body></html>"""


async def overview(request: Request) -> HTMLResponse:
    """Accounts, jobs on their way, slots, credits, the last requests and the newest pictures."""
    world = world_of(request)
    page = _PAGE.format(
        speed=world.clock.speed,
        dialect=world.dialect_name,
        seed=world.seed,
        now=world.clock.now(),
        accounts=_accounts(world, base_url(request)),
        requests=_requests(world),
    )
    return HTMLResponse(page)


def _accounts(world: World, base: str) -> str:
    """The accounts of last, newest first: a test run makes hundreds."""
    newest = list(world.accounts.values())[: -ACCOUNTS_SHOWN - 1 : -1]
    if not newest:
        return "<p>No account yet: any token <code>sandbox-NAME</code> makes one.</p>"
    rest = len(world.accounts) - len(newest)
    more = f"<p>And {rest} older accounts, which are in the ledger.</p>" if rest else ""
    return "".join(_account(world, account, base) for account in newest) + more


def _account(world: World, account: Account, base: str) -> str:
    settings, slots = account.settings, len(account.visible_identities())
    return (
        f"<h2>{escape(account.name)}</h2>"
        f"<ul class=facts>{_used('jobs', account.in_flight, settings.jobs_cap)}"
        f"{_used('slots', slots, settings.slots_cap)}"
        f"<li>credits {account.credits:,.0f} ({account.reserved:,.0f} in progress)</li>"
        f"<li>open streams {world.hub.count(account.name)}</li>"
        f"<li>events kept {len(account.notifications)}</li></ul>"
        f"{_jobs(world, account)}<div class=drafts>{_pictures(world, account, base)}</div>"
    )


def _used(name: str, used: int, cap: int) -> str:
    return f"<li{' class=full' if used >= cap else ''}>{name} {used}/{cap}</li>"


def _jobs(world: World, account: Account) -> str:
    now = world.clock.now()
    moving = [job for job in account.jobs.values() if not job.finished]
    rows = "".join(
        f"<tr><td><progress max=100 value={job.progress(now)}></progress></td><td>{job.status(now)}</td>"
        f"<td>{escape(job.job_type)}</td><td>{escape(job.job_id)}</td>"
        f"<td class=name>{escape(job.name or '')}</td></tr>"
        for job in moving[:JOBS_SHOWN]
    )
    return f"<div class=wide><table>{rows}</table></div>" if rows else "<p>No job is moving.</p>"


def _pictures(world: World, account: Account, base: str) -> str:
    now = world.clock.now()
    drafts = ((job, draft) for job in reversed(account.jobs.values()) for draft in job.drafts)
    newest = (pair for pair in drafts if pair[0].draft_status(pair[1], now) == "completed")
    return "".join(
        f'<figure><img alt="" src="{escape(picture_url(world, base, account, job, draft, thumbnail=True))}">'
        f"{draft.image_result_id}{' promoted' if draft.promoted_as else ''}</figure>"
        for job, draft in itertools.islice(newest, PICTURES_SHOWN)
    )


def _answer(status: int | None) -> str:
    refused = status is None or status >= 400
    return f"<td{' class=refused' if refused else ''}>{status or '(none)'}</td>"


def _requests(world: World) -> str:
    return "".join(
        f"<tr><td>{entry['at']:.1f}</td><td>{escape(entry['account'] or '')}</td>"
        f"<td>{escape(entry['method'])} {escape(entry['path'])}</td>"
        f"{_answer(entry['status'])}"
        f"<td>{entry['fault'] or ''}</td></tr>"
        for entry in reversed(world.journal.read(limit=REQUESTS_SHOWN))
    )
