"""The journal's outcomes of paid calls that count as accepted, and those that count as unresolved."""

#: Outcomes that say that the API has accepted the call, and may have charged for it.
ACCEPTED = ("accepted", "adopted")
#: Outcomes that do not say whether it has: no answer, an undocumented one, or a crash before it came.
UNRESOLVED = ("unknown", "OutcomeUnknown", "Unexpected")

#: As what briefs are counted whose drafts a rule has yet to look at, beside those that wait for a person.
JUDGING = "a rule looks"
