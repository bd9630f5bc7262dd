"""What errors of a bucket mean, and what to do next.

The client tells all that it knows: URLs, and the answer's body, which may name the key. Of these no more is
told than the answer's status and the bucket's own code of its error.
"""

import re

#: The variables that name a key, by the scheme of the bucket's URL.
_KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_SERVICE_ACCOUNT, the path of a key file",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
#: The first that is found in the client's words tells what they mean.
_MEANINGS = {
    # Without a key it asks the cloud's machine, on which it may run, for one.
    r"169\.254\.169\.254|metadata\.google|Account must be specified": "there is no key to it: set {keys}",
    r"incorrectly configured region": "it lies in another region: set AWS_REGION to that",
    r"status code: 40[13]|<Code>\w*Token": (
        "it refuses to {what} ({code}): the key must be right ({keys}), and allowed to list, read and write"
    ),
    r"status code: 404|NotFound|not found": "there is no such bucket: make it, or name another one",
    r"status code: (429|5\d\d)": "it fails to {what} ({code}), also when asked again: try later",
    r"status code: \d": "it refuses to {what} ({code})",
    r"HTTP error": "it can't be reached: check the network, and AWS_ENDPOINT_URL if that is set",
}


def told(error: Exception, what: str, scheme: str) -> str:
    """Return in a line what went wrong when a bucket was to `what` (list, read, write)."""
    text = str(error)
    code = " ".join(found[1] for each in (_STATUS, _CODE) if (found := each.search(text)))
    for meaning, words in _MEANINGS.items():
        if re.search(meaning, text):
            return words.format(what=what, code=code, keys=_KEYS[scheme])
    # Its own words, up to what may be a URL.
    return f"it could not {what}: {' '.join(text.partition('://')[0].split())[:200]}"
