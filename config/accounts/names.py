"""What accounts may be called: apart from the accounts, whose models take long to import."""

import re

#: The account of a brief that names none, and the one whose token is PIKTID_API_TOKEN.
DEFAULT = "default"
#: What an account may be called, in the accounts file and in briefs; `ACCOUNT_NAME_RULE` says it in words.
ACCOUNT_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
ACCOUNT_NAME_RULE = "1 to 64 of A-Z a-z 0-9 . _ -"
