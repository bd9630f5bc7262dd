"""The ends of paid calls, in the journal's words, that say or leave open that something was bought."""

#: Outcomes after which the API has taken the call on, and may have charged for it.
ACCEPTED = ("accepted", "adopted")
#: Outcomes that leave open whether the API has: no answer, one that nobody documents, or a crash before it.
UNRESOLVED = ("unknown", "OutcomeUnknown", "Unexpected")
