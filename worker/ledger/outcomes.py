"""Outcomes in the journal of paid calls that mean: accepted by the API, or unresolved."""

#: Outcomes after which the API has taken the call on, and may have charged for it.
ACCEPTED = ("accepted", "adopted")
#: Outcomes that leave open whether the API has: no answer, one that nobody documents, or a crash before it.
UNRESOLVED = ("unknown", "OutcomeUnknown", "Unexpected")
