"""One picture of a job, as the reference's newest pages describe it (reference, section 2.5)."""

from typing import Any

from starlette.requests import Request

from sandbox.account.jobs import Draft, Job
from sandbox.contract.uploads import file_url
from sandbox.pictures.urls import picture_url
from sandbox.serving.context import account_of, base_url, world_of

#: What `auto` stands for here; the sources do not say.
AUTOMATIC_MODEL = "nano_banana_pro"


def image_item(request: Request, job: Job, draft: Draft) -> dict[str, Any]:
    """All documented fields of an image result of the caller."""
    status = job.draft_status(draft, world_of(request).clock.now())
    instruction = job.request["instructions"][draft.image_index]
    model = job.request["options"].get("model", "auto")
    return {
        "id": draft.image_result_id,
        "job_id": job.job_id,
        "image_index": draft.image_index,
        "group_index": draft.group_index,
        "version": draft.version,
        "status": status,
        "output": _output(request, job, draft) if status == "completed" else None,
        "inputs": _inputs(request, instruction),
        "quality_score": None,
        "processing_time": round(draft.seconds, 1) if status in ("completed", "failed") else None,
        "error_message": "The draft could not be generated" if status == "failed" else None,
        "original_filename": None,
        "download_filename": filename(job, draft),
        "input_description": instruction.get("prompt"),
        "feedback": None,
        "feedback_comment": None,
        "created_at": job.created_on,
        "model_used": AUTOMATIC_MODEL if model == "auto" else model,
        "detail_needs_review": False,
        "detail_review_reason": None,
    }


def filename(job: Job, draft: Draft) -> str:
    """What a picture is called once it is downloaded; no two of an account are called alike."""
    return f"{draft.image_result_id}.{job.request['instructions'][draft.image_index]['options']['format']}"


def _output(request: Request, job: Job, draft: Draft) -> dict[str, str]:
    world, account, base = world_of(request), account_of(request), base_url(request)
    return {
        "full_size": picture_url(world, base, account, job, draft),
        "thumbnail": picture_url(world, base, account, job, draft, thumbnail=True),
        "uuid": str(draft.image_result_id),
    }


def _inputs(request: Request, instruction: dict[str, Any]) -> list[dict[str, str]]:
    """The references of a prompt, as far as their files are still kept."""
    uploads = account_of(request).uploads
    files = [uploads.get(asset["file_id"]) for asset in instruction.get("input_assets") or []]
    return [
        {"full_size": file_url(request, file), "thumbnail": file_url(request, file), "uuid": file.file_id}
        for file in files
        if file is not None
    ]
