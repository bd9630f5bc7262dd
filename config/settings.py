"""The settings, read from the environment once a process."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from config.declared.setting_fields import (
    Copied,
    SecretText,
    found_value,
    names_of,
    own_variable,
    read_value,
    schema_of,
    setting,
)
from config.errors import SettingsError
from config.namespace import check as check_namespace
from config.redis_url import check as check_url
from config.redis_url import read_within, with_password_files
from config.shards import MOST as MOST_SHARDS
from config.shards import check_setting
from config.text import nearest
from config.urls import check_speed, is_safe

#: The API (guide, *Submitting a creation job*).
API_URL = "https://v2.api.piktid.com"

_PREFIX = "IDENTITY_WORKER_"
#: When the embedded Valkey syncs its file: at every write, or once a second.
Fsync = Literal["always", "everysec"]


@dataclass(frozen=True, kw_only=True)
class Settings(Copied):
    """Settings by environment: fixed names as they stand, all others as `IDENTITY_WORKER_NAME`.

    What is given to it goes first. In which case the letters of a variable are does not matter.
    """

    redis_password_file: Path | None = setting(None, variable="REDIS_PASSWORD_FILE")
    """File with the password for `REDIS_URL`, read at each new connection: a password may change."""
    redis_sentinel_password_file: Path | None = setting(None, variable="REDIS_SENTINEL_PASSWORD_FILE")
    """File with the password of its Sentinels, where they have one; read whenever one is asked."""
    redis_url: SecretText | None = setting(None, variable="REDIS_URL")
    """Redis or Valkey; none: an embedded Valkey under `data_dir`."""
    namespace: str = ""
    """What stands before every key, so that installations share a server: `studio` means `studio:`. With
    braces, `{studio}`, it is a hash tag: all is in one slot of a cluster. All processes need the same."""
    shards: int = setting(1, ge=1, le=MOST_SHARDS, unit="shards")
    """Ledgers that the accounts are spread over, each in a slot of its own of a cluster; above 1 the
    namespace needs braces: shard 2 of `{studio}` is `{studio:2}`. All processes need the same."""
    shard: int | None = setting(None, ge=0)
    """The one that a process serves, from 0 on; none: all. `work`, `listen`, `archive` and `deliver`
    set it for the processes that they start for each."""
    api_url: str = setting(API_URL, variable="PIKTID_API_URL")
    """Where the API is: https, or http to this machine."""
    api_token: SecretText | None = setting(None, variable="PIKTID_API_TOKEN")
    """Token of the account `default`, when there is no accounts file."""
    accounts_file: Path | None = setting(None, variable="ACCOUNTS_FILE")
    """The TOML file of several accounts, or a folder with a file for each; it is read again as it changes.
    None: there is one, `default`, with the token of the environment."""

    data_dir: Path = Path(".data")
    """Where the embedded Valkey keeps its files."""
    fsync: Fsync = "always"
    """When the embedded Valkey syncs its file, as whoever starts it says. With `everysec` writes are faster
    (`python -m benchmarks.fsync`), and a server that is killed, or its machine, loses the last second or two
    of what it had answered, records of paid calls among it: its writes wait for the sync under way."""
    embedded_port: int = setting(0, ge=0, le=65_535)
    """Loopback port on which the embedded Valkey listens beside its unix socket, with a password that
    `valkey/redis.url` under `data_dir` tells its owner; 0: on none."""
    replicas: int = setting(0, ge=0, le=100, unit="replicas")
    """Replicas of Redis that must know of a paid call before it is made: as many as there are, the same for
    all processes. A failover to one that does not know of it would have it made, and paid for, again. 0:
    none need, and after a failover nothing is bought before all that may have been is looked for."""
    keep_days: float = setting(30, gt=0, unit="days")
    """Days that the records of a finished brief stay."""
    keep_events: int = setting(1_000_000, gt=0, unit="entries")
    """Entries that the event stream keeps at the most."""
    keep_event_bytes: int = setting(1024**3, ge=1024**2, unit="bytes")
    """Bytes that they may have in all: with large metadata, or many faults, one has 50 KB."""
    reference_dir: Path | None = None
    """Folder under which briefs may name pictures by path; none: only by URL."""
    reference_private: bool = False
    """Whether pictures may be fetched over http and from private addresses: for tests and closed networks.
    Whoever may send briefs can then make the worker call whatever it can reach."""
    max_upload_bytes: int = setting(20 * 1024 * 1024, gt=0, unit="bytes")
    """Bytes of the largest picture that is uploaded."""
    extraction_credits: float = setting(0.0, ge=0, unit="credits")
    """What the description of a photo counts as in budgets; the API tells no price. 0: as nothing."""
    chooser_seconds: float = setting(30.0, gt=0, le=600, unit="seconds")
    """Seconds that a rule which looks at drafts (`best`, a plug-in) has for those of one instruction; after
    them a person is asked."""
    events: Literal["sse", "webhook"] = "sse"
    """How the API's events come: streams of the listener, or `identity-worker web`."""
    secrets_dir: Path | None = None
    """Where the secrets of webhooks, the API's and ours, are kept; none: `secrets` under `data_dir`."""
    hooks_private: bool = False
    """Whether `identity-worker deliver` may send over http, and to addresses inside a closed network."""
    inlets: Path | None = None
    """TOML file of further queues that briefs come by: what each may use. None: there is `briefs` alone."""
    archive: str | None = None
    """Where `identity-worker archive` stores pictures: a folder, `s3://NAME/PREFIX`; none: nowhere."""
    mark_certificate: Path | None = None
    """PEM file of the certificate, with its chain, that signs marked copies of pictures; none: no copies."""
    mark_key: Path | None = None
    """File of its private key, as PEM without a passphrase."""
    preprocessing_counts: bool = True
    """Whether preprocessing holds one of the account's jobs (piktid-v2.md 6.18)."""
    speed: float = setting(1.0, gt=0, unit="times")
    """How many times faster than the real API's the clocks of the API are; above 1 only with a sandbox."""
    http2: bool = False
    """Whether HTTP/2 is spoken with gateways that want it; needs `identity-worker[http2]`, is no faster."""
    request_timeout: float = setting(30.0, gt=0, unit="seconds")
    """Seconds that an answer of the API may take."""
    threads: int = setting(64, ge=1, unit="threads")
    """Worker threads a process, unless `work --threads` says otherwise: how many steps wait for the API at
    once. One takes some 100 KB; an account may take no more of them than are free."""
    shutdown_seconds: float = setting(25.0, ge=0, unit="seconds")
    """Seconds that a worker which was told to end waits for its paid calls: below the platform's own limit,
    often 30. What is not answered by then is an unknown outcome. Other steps have a second."""
    metrics_token_file: Path | None = None
    """File with the bearer token that `/metrics` asks for; none: it answers on the loopback alone."""
    still_minutes: float = setting(10, gt=0, unit="minutes")
    """Minutes for which nothing may move while something could start; then `/readyz` answers 503."""
    page_hosts: str = ""
    """Names under which browsers reach the page, with commas between; it answers addresses and `localhost`
    anyway, and under no other name: a stranger's page may have one that leads here."""
    page_proxy: str = ""
    """Address of the proxy that signs people in and names them in `page_user_header`; none: there is none."""
    page_user_header: str = ""
    """Header in which that proxy tells who asks, as `X-Forwarded-User`: the name of one with a token."""
    traces: bool = False
    """Whether briefs are told as traces of OpenTelemetry, by the variables `OTEL_*`, the endpoint in
    `OTEL_EXPORTER_OTLP_ENDPOINT`; needs `identity-worker[otel]`. All processes need the same."""
    log_json: bool = False
    """Whether each line of the logs is a JSON object."""

    if not TYPE_CHECKING:  # for which it is that of a dataclass

        def __init__(self, **given: Any) -> None:
            """Read what is given, and the environment for the rest; raises SettingsError."""
            values, wrong = _read(given)
            if wrong:
                raise SettingsError(wrong)
            self.__dict__.update(values)

    @property
    def secrets(self) -> Path:
        """Return the folder of the webhooks' secrets."""
        return self.secrets_dir if self.secrets_dir is not None else self.data_dir / "secrets"

    def api_ms(self, seconds: float) -> int:
        """Return `seconds` of the API's time as milliseconds of ours."""
        return max(1, round(seconds * 1000 / self.speed))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings, by the names of their variables."""
    return schema_of(Settings, _variable)


def _read(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings by name, and in words what of them is wrong, without the values."""
    if unknown := given.keys() - names_of(Settings):
        raise TypeError(f"no settings: {', '.join(sorted(unknown))}")
    environment = {name.lower(): value for name, value in os.environ.items()}
    values: dict[str, Any] = {}
    wrong = []
    for each in fields(Settings):
        try:
            value = read_value(each, found_value(each, given, environment, _PREFIX))
            values[each.name] = _CHECKS[each.name](value, values) if each.name in _CHECKS else value
        except ValueError as error:
            wrong.append(f"{_variable(own_variable(each) or each.name)}: {error}")
    return values, wrong


def _readable(url: SecretText | None, values: Mapping[str, Any]) -> SecretText | None:
    if url is None:
        return None
    files = [values.get(f"redis_{whose}password_file") for whose in ("", "sentinel_")]
    whole = with_password_files(url.get_secret_value(), *(each and str(each) for each in files))
    check_url(whole)
    return SecretText(whole)


def _before_keys(value: str, values: Mapping[str, Any]) -> str:
    namespace, url = check_namespace(value), values.get("redis_url")
    if url is not None:
        read_within(url.get_secret_value(), namespace)
    return namespace


def _sharded(name: str, value: int | None, values: Mapping[str, Any]) -> int | None:
    check_setting(name, value, values)
    return value


def _without_slash(value: str, _: Mapping[str, Any]) -> str:
    # Every call of the API carries the token, so none may go out in clear. The default needs no look,
    # which would import the HTTP client into every command.
    if value != API_URL and not is_safe(value):
        raise ValueError("must be https, or http to this machine, and name no user")
    return value.rstrip("/")


#: What is checked of a value beside its type and bounds, with the values before it.
_CHECKS: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "redis_url": _readable,
    "namespace": _before_keys,
    "shards": partial(_sharded, "shards"),
    "shard": partial(_sharded, "shard"),
    "api_url": _without_slash,
    "speed": check_speed,
}


def unknown_variables(environment: Iterable[str]) -> list[str]:
    """Return in words which variables look like settings and are none, with the nearest name."""
    known = [f"{_PREFIX}{name.upper()}" for name in Settings.__dataclass_fields__]
    unknown = [name for name in environment if name.upper().startswith(_PREFIX) and name.upper() not in known]
    near = {name: nearest(name, known) for name in sorted(unknown)}
    return [
        f"{name} is no setting" + (f"; the nearest is {each}" if each else "") for name, each in near.items()
    ]


def _variable(name: str) -> str:
    return name if name.isupper() else f"{_PREFIX}{name.upper()}"


@cache
def settings() -> Settings:
    """Return this process's settings; raises SettingsError."""
    return Settings()
