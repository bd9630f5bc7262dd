"""A brief whose look is that of a photo."""

from typing import Any

from stepping import Flow


def accept_photo(flow: Flow, **fields: Any) -> str:
    return flow.accept(instructions=None, reference_image="ada.jpg", **fields)
