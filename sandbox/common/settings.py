"""Everything that can be set, for all accounts or for one: `POST /_sandbox/settings`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=1)]
Tier = Literal["free", "standard", "pro"]


class Settings(BaseModel):
    """What one account may do and how its jobs go. Seconds are unscaled; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")

    # Caps (guide: Limits and validation; reference, section 5)
    jobs_cap: Count = 5
    slots_cap: Count = 50
    create_per_minute: Count = 5
    promote_per_minute: Count = 5
    preprocessing_counts: bool = True
    existing_identities: Count = 0

    # Account
    enterprise: bool = False
    tier: Tier = "pro"
    identity_creation_enabled: bool = True
    models: list[str] = ["auto", "nano_banana_pro", "nano_banana_2", "seedream", "orbita"]
    blocked_names: list[str] = [
        "Angelina Jolie",
        "Beyonce",
        "Brad Pitt",
        "Cristiano Ronaldo",
        "Donald Trump",
        "Elon Musk",
        "Lionel Messi",
        "Rihanna",
        "Taylor Swift",
        "Tom Cruise",
    ]

    # Credits; only the price of a promotion is published, the others are made up
    credits: Amount = 100_000
    price_draft_1k: Amount = 3
    price_draft_2k: Amount = 5
    price_draft_4k: Amount = 10
    price_extraction: Amount = 5
    price_promotion: Amount = 50
    refund_failed_preprocessing: bool = False

    # How jobs go
    #: Without a spread of its own, a quarter of the median.
    drafts_median_seconds: Amount = 40
    drafts_spread_seconds: Amount | None = None
    preprocessing_median_seconds: Amount = 60
    preprocessing_spread_seconds: Amount | None = None
    not_found_seconds: Amount = 2
    draft_failure_rate: Rate = 0
    job_failure_rate: Rate = 0
    preprocessing_failure_rate: Rate = 0
    wrong_faces_rate: Rate = 0
    failed_identity_answers_404: bool = False
    progress_events: bool = False

    # What answers say
    #: Results carry the ids and addresses of both dialects, as the newest clients seem to meet.
    both_spellings: bool = False

    # What refusals say
    rate_limit_text: str = "Too many requests: rate limit exceeded."
    jobs_cap_text: str = "Maximum concurrent jobs reached."
    slots_cap_text: str = "Maximum identities reached."
    retry_after: bool = False

    # Lifetimes and bounds
    backfill_seconds: Amount = 600
    keepalive_seconds: Annotated[float, Field(gt=0)] = 15
    upload_url_seconds: Amount = 600
    picture_url_seconds: Amount | None = None
    download_url_seconds: Amount = 3_600
    webhook_tries: Annotated[int, Field(ge=1, le=12)] = 5
    webhook_retry_seconds: Amount = 5
    finished_jobs_kept: Annotated[int, Field(ge=1)] = 5_000
