"""A password in a file, which others write anew: mounted secrets that rotate, tokens of a cloud."""

from pathlib import Path

import redis


class PasswordFile(redis.CredentialProvider):
    """Logs in with what the file holds when a connection is made; connections that are open stay."""

    def __init__(self, file: str, username: str, variable: str) -> None:
        """`variable`: the one that has named the file."""
        self._variable = variable
        self._file = Path(file)
        self.username = username

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return the user, if there is one, and the password; raises redis.ConnectionError without one."""
        try:
            password = self._file.read_text(encoding="utf-8-sig").strip("\r\n")
        except (OSError, ValueError) as error:
            # It passes: whoever writes a new one may have taken the old one away.
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise redis.ConnectionError(f"{self._variable} can't be used: {why}") from None
        if not password:
            raise redis.ConnectionError(f"{self._variable} can't be used: the file is empty")
        return (self.username, password) if self.username else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """Do the same from asyncio: redis-py's own warns in the log at each connection."""
        return self.get_credentials()
