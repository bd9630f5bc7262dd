"""Small briefs of one instruction, what is sent for them and what they are refused for."""

from typing import Any

import pytest

from worker.briefs.brief import parse
from worker.briefs.faults import BriefError, Fault

WOMAN: dict[str, Any] = {"appearance": {"gender": "female", "age": 28}, "num_variations": 3}


def brief(*instructions: Any, **fields: Any) -> dict[str, Any]:
    return {"instructions": list(instructions or (WOMAN,)), **fields}


def with_options(model: Any = "auto", **options: Any) -> dict[str, Any]:
    return brief(WOMAN | {"options": options}, options={"model": model})


def faults_of(raw: Any, **settings: Any) -> list[Fault]:
    with pytest.raises(BriefError) as caught:
        parse(raw, **settings)
    return caught.value.faults


def paths_of(raw: Any) -> list[str]:
    return [fault.path for fault in faults_of(raw)]


def sent(instruction: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = parse(brief(instruction)).body()["instructions"][0]
    return body
