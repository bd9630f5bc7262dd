"""Everything that one running sandbox holds."""

import secrets
from collections.abc import Callable
from typing import Any, TypeVarTuple

from pydantic import ValidationError

from sandbox.account.account import Account
from sandbox.account.dialects import DIALECTS, Dialect, DialectName
from sandbox.account.hub import Hub
from sandbox.account.library import fill_library
from sandbox.account.webhooks import Deliveries
from sandbox.common.clock import Clock
from sandbox.common.errors import SandboxError
from sandbox.common.faults import Faults
from sandbox.common.journal import Journal
from sandbox.common.names import TOKEN_PREFIX
from sandbox.common.settings import Settings

FIRST_RESULT_ID = 10_001

Ts = TypeVarTuple("Ts")


class SettingsError(SandboxError, ValueError):
    """Raised when a setting is unknown, or its value none that it can have."""


class World:
    """The accounts, the clock, and what stands between clients and accounts: faults, streams, journal."""

    def __init__(
        self,
        *,
        speed: float = 1.0,
        dialect: DialectName = "guide",
        seed: int | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        if dialect not in DIALECTS:
            raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}, got {dialect}")
        self.clock = Clock(speed)
        self.dialect: Dialect = DIALECTS[dialect]
        self.dialect_name = dialect
        self.seed = secrets.randbits(32) if seed is None else seed
        self._first_settings = _settings(settings or {})
        self.settings = self._first_settings
        self.accounts: dict[str, Account] = {}
        #: Token given by an account -> the account's name.
        self.issued: dict[str, str] = {}
        self.hub = Hub()
        self.faults = Faults()
        self.deliveries = Deliveries(self.clock, self.faults)
        self.journal = Journal()
        #: Status -> count, of requests without a valid token.
        self.without_account: dict[str, int] = {}
        self.last_result_id = FIRST_RESULT_ID - 1
        self.last_notification_id = 0
        self.last_webhook_id = 0
        #: Timers that are set, and whether anything happened since `has_moved` was asked.
        self._timers = 0
        self._stirred = False

    def named(self, name: str) -> Account | None:
        """The account of a name, made at its first use; None if no account may be called so."""
        account = self.look(name)
        if account is not None:
            self.accounts[name] = account
        return account

    def look(self, name: str) -> Account | None:
        """The account of a name, or what it would begin as; None if no account may be called so."""
        if not name.startswith(TOKEN_PREFIX) or name == TOKEN_PREFIX:
            return None
        account = self.accounts.get(name)
        if account is None:
            account = Account(name=name, settings=self.settings, credits=self.settings.credits)
            fill_library(account, self.clock.now())
        return account

    def by_token(self, token: str) -> Account | None:
        """The account of a token: its name, or a token that it was given and that has not expired."""
        account = self.accounts.get(self.issued.get(token, ""))
        if account is None:
            return self.named(token)
        issued = account.tokens[token]
        return account if issued.kind != "refresh" and issued.expires > self.clock.now() else None

    def new_result_id(self) -> int:
        """The next draft's id, unique over all accounts."""
        self.last_result_id += 1
        return self.last_result_id

    def new_notification_id(self) -> int:
        """The next event's id, unique over all accounts."""
        self.last_notification_id += 1
        return self.last_notification_id

    def new_webhook_id(self) -> int:
        """The next webhook's id."""
        self.last_webhook_id += 1
        return self.last_webhook_id

    def later(self, account: Account, when: float, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Run `callback` at sandbox time `when`, unless a reset has done away with the account by then."""

        def run() -> None:
            self._timers -= 1
            self._stirred = True
            if self.accounts.get(account.name) is account:
                callback(*args)

        self._timers += 1
        self.clock.call_at(when, run)

    def note_request(self) -> None:
        """Something may have changed."""
        self._stirred = True

    def has_moved(self) -> bool:
        """Whether anything may have changed since this was asked before; a job on its way always does."""
        asked, self._stirred = self._stirred, False
        return asked or self._timers > 0

    def reset(self) -> None:
        """Forget all accounts, faults and the journal; settings are those of the start again."""
        self.settings = self._first_settings
        self.accounts.clear()
        self.issued.clear()
        self.without_account.clear()
        self.faults.clear()
        self.journal.clear()


def _settings(values: dict[str, Any]) -> Settings:
    """Raises SettingsError that names what is unknown or wrong."""
    if unknown := sorted(set(values) - set(Settings.model_fields)):
        known = ", ".join(Settings.model_fields)
        raise SettingsError(f"settings: {', '.join(unknown)}: not known; those that are: {known}")
    try:
        return Settings(**values)
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise SettingsError(f"settings: {'; '.join(wrong)}") from None
