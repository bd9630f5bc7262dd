"""Credits: reserved when a job is made, charged for what it delivered when it ends."""

from typing import Any

from sandbox.account.account import Account
from sandbox.account.jobs import Job
from sandbox.common.dates import today
from sandbox.common.errors import ApiError
from sandbox.common.settings import Settings

DEFAULT_SIZE = "2K"


def draft_price(settings: Settings, instruction: dict[str, Any]) -> float:
    """Credits for one draft of an instruction, by its size."""
    prices = {"1K": settings.price_draft_1k, "2K": settings.price_draft_2k, "4K": settings.price_draft_4k}
    return prices[(instruction.get("options") or {}).get("size", DEFAULT_SIZE)]


def require(account: Account, amount: float) -> None:
    """Refuse with the guide's three numbers what the account cannot pay for."""
    if amount > account.credits - account.reserved:
        raise ApiError(
            402,
            "Insufficient credits",
            {
                "required_credits": float(amount),
                "in_progress_credits": float(account.reserved),
                "user_credits": float(account.credits),
            },
        )


def charge(account: Account, amount: float, reason: str, at: float, job_id: str | None = None) -> None:
    """Take an amount of credits off the balance; a negative one gives them back."""
    account.credits -= amount
    account.charged[reason] = account.charged.get(reason, 0.0) + amount
    account.charges.append(
        {"at": round(at, 3), "on": today(), "credits": amount, "reason": reason, "job_id": job_id}
    )


def settle_drafts(account: Account, job: Job, at: float) -> None:
    """Charge the drafts that were delivered and release the rest of the reservation."""
    account.reserved -= job.reserved
    instructions = job.request["instructions"]
    job.credits_used = sum(
        draft_price(account.settings, instructions[draft.image_index])
        for draft in job.drafts
        if not draft.failed
    )
    charge(account, job.credits_used, "drafts", at, job.job_id)
