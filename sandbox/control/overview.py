"""GET /_sandbox/: the sandbox at a glance, for people."""

import itertools
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from sandbox.account.account import Account
from sandbox.api.context import base_url, world_of
from sandbox.pictures.urls import picture_url
from sandbox.world import World

REQUESTS_SHOWN = 20
PICTURES_SHOWN = 12
JOBS_SHOWN = 20

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Sandbox</title>
<style>
body {{ font: 15px system-ui, sans-serif; margin: 2em; color: #222 }}
table {{ border-collapse: collapse; margin: .5em 0 1.5em }}
td, th {{ text-align: left; padding: .2em .9em .2em 0; border-bottom: 1px solid #ddd }}
img {{ height: 120px; margin-right: 4px }} progress {{ width: 10em }}
</style></head><body>
<h1>Sandbox</h1><p>Speed {speed:g}, dialect {dialect}, seed {seed}, time {now:.0f} s.</p>
{accounts}
<h2>Last requests</h2>
<table><tr><th>at (s)</th><th>account</th><th>request</th><th>answer</th><th>fault</th></tr>{requests}</table>
</body></html>"""


async def overview(request: Request) -> HTMLResponse:
    """Accounts, jobs on their way, slots, credits, the last requests and the newest pictures."""
    world = world_of(request)
    page = _PAGE.format(
        speed=world.clock.speed,
        dialect=world.dialect_name,
        seed=world.seed,
        now=world.clock.now(),
        accounts="".join(_account(world, account, base_url(request)) for account in world.accounts.values())
        or "<p>No account yet: any token <code>sandbox-NAME</code> makes one.</p>",
        requests=_requests(world),
    )
    return HTMLResponse(page)


def _account(world: World, account: Account, base: str) -> str:
    settings = account.settings
    return (
        f"<h2>{escape(account.name)}</h2>"
        f"<p>jobs {account.in_flight}/{settings.jobs_cap}, "
        f"slots {len(account.visible_identities())}/{settings.slots_cap}, "
        f"credits {account.credits:g} ({account.reserved:g} in progress), "
        f"open streams {world.hub.count(account.name)}, events kept {len(account.notifications)}</p>"
        f"<table>{_jobs(world, account)}</table><p>{_pictures(world, account, base)}</p>"
    )


def _jobs(world: World, account: Account) -> str:
    now = world.clock.now()
    moving = [job for job in account.jobs.values() if not job.finished]
    return "".join(
        f"<tr><td>{escape(job.job_id)}</td><td>{escape(job.job_type)}</td><td>{escape(job.name or '')}</td>"
        f"<td>{job.status(now)}</td><td><progress max=100 value={job.progress(now)}></progress></td></tr>"
        for job in moving[:JOBS_SHOWN]
    )


def _pictures(world: World, account: Account, base: str) -> str:
    now = world.clock.now()
    drafts = ((job, draft) for job in reversed(account.jobs.values()) for draft in job.drafts)
    newest = (pair for pair in drafts if pair[0].draft_status(pair[1], now) == "completed")
    return "".join(
        f'<img alt="draft {draft.image_result_id}" '
        f'src="{escape(picture_url(world, base, account, job, draft, thumbnail=True))}">'
        for job, draft in itertools.islice(newest, PICTURES_SHOWN)
    )


def _requests(world: World) -> str:
    return "".join(
        f"<tr><td>{entry['at']:.1f}</td><td>{escape(entry['account'] or '')}</td>"
        f"<td>{escape(entry['method'])} {escape(entry['path'])}</td><td>{entry['status'] or '(none)'}</td>"
        f"<td>{entry['fault'] or ''}</td></tr>"
        for entry in reversed(world.journal.read(limit=REQUESTS_SHOWN))
    )
