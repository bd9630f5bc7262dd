"""Addresses of the drafts' pictures: signed, open to whoever has them, as on a content network."""

import hashlib
import hmac

from sandbox.account.account import Account
from sandbox.account.jobs import Draft, Job
from sandbox.account.world import World


def picture_url(
    world: World, base: str, account: Account, job: Job, draft: Draft, *, thumbnail: bool = False
) -> str:
    """Where the picture of a finished draft can be fetched."""
    lifetime = account.settings.picture_url_seconds
    expires = 0 if lifetime is None else int(world.clock.now() + lifetime) + 1
    kind = "thumbnails" if thumbnail else "drafts"
    suffix = job.request["instructions"][draft.image_index]["options"]["format"]
    signature = sign(world, account, draft.image_result_id, expires)
    return f"{base}/cdn/{kind}/{draft.image_result_id}.{suffix}?expires={expires}&signature={signature}"


def sign(world: World, account: Account, image_result_id: int, expires: int) -> str:
    """The signature that makes an address valid."""
    text = f"{account.name}/{image_result_id}/{expires}"
    return hmac.new(str(world.seed).encode(), text.encode(), hashlib.sha256).hexdigest()[:24]
