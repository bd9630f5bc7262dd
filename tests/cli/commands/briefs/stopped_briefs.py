"""Briefs that stopped, and what an operator said of them."""

from stepping import Flow

from worker.views import snapshots


def said(flow: Flow, brief_id: str = "b") -> list[str]:
    """What operators said of a brief, by its journal."""
    journal = snapshots.journal(flow.client, brief_id)
    return [entry["what"] for entry in journal if entry["call"] == "operator"]
