"""The root of every exception that this project defines."""


class IdentityWorkerError(Exception):
    """Any error of this project; the classes below it end in `Error` and say when they are raised."""


class NetworkSettingsError(IdentityWorkerError):
    """Raised when the environment names a proxy or certificates that can't be used."""


class SettingsError(IdentityWorkerError):
    """Raised when settings are wrong; `wrong` says of each what, without the values: some are secrets."""

    def __init__(self, wrong: list[str]) -> None:
        self.wrong = wrong
        super().__init__("\n  ".join(["these settings are wrong:", *wrong]))
