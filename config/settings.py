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
from config.urls import check_speed, is_base

#: The API (guide, *Submitting a creation job*).
API_URL = "https://v2.api.piktid.com"

_PREFIX = "IDENTITY_WORKER_"
#: When the embedded Valkey syncs its file: at every write, or once a second.
Fsync = Literal["always", "everysec"]


@dataclass(frozen=True, kw_only=True)
class Settings(Copied):
    """Settings by environment: fixed names unchanged, all others as `IDENTITY_WORKER_NAME`, in any case.

    Arguments override the environment.
    """

    redis_password_file: Path | None = setting(None, variable="REDIS_PASSWORD_FILE")
    """File with the password for `REDIS_URL`, read at each new connection: a password may change."""
    redis_sentinel_password_file: Path | None = setting(None, variable="REDIS_SENTINEL_PASSWORD_FILE")
    """File with the password of the Sentinels in `REDIS_URL`, if they have one; read at each connection."""
    redis_url: SecretText | None = setting(None, variable="REDIS_URL")
    """Address of the Redis or Valkey; none: an embedded Valkey, with its files in `data_dir`."""
    namespace: str = ""
    """Prefix of every key, so that installations can share a server: `studio` means `studio:`. In braces,
    `{studio}`, it is a hash tag: all keys are in one slot of a cluster. The same for all processes."""
    shards: int = setting(1, ge=1, le=MOST_SHARDS, unit="shards")
    """Number of ledgers over which the accounts are spread, each in its own slot of a cluster; above 1 the
    namespace needs braces: shard 2 of `{studio}` is `{studio:2}`. The same for all processes."""
    shard: int | None = setting(None, ge=0)
    """The shard that a process serves, counted from 0; none: all shards. `work`, `listen`, `archive` and
    `deliver` set it for each process that they start."""
    api_url: str = setting(API_URL, variable="PIKTID_API_URL")
    """URL of the API: https, or http to this machine."""
    api_token: SecretText | None = setting(None, variable="PIKTID_API_TOKEN")
    """Token of the account `default`, when there is no accounts file."""
    accounts_file: Path | None = setting(None, variable="ACCOUNTS_FILE")
    """TOML file of several accounts, or a folder with a file for each; it is read again when it changes.
    None: there is one account, `default`, with the token `PIKTID_API_TOKEN`."""

    data_dir: Path = Path(".data")
    """Where the embedded Valkey keeps its files."""
    fsync: Fsync = "always"
    """When the embedded Valkey syncs its file: at every write, or once a second, which is faster
    (`python -m benchmarks.fsync`). With `everysec`, a server or machine that is killed loses the writes of
    its last second or two, records of paid calls among them. The process that starts the server decides."""
    embedded_port: int = setting(0, ge=0, le=65_535)
    """Loopback port on which the embedded Valkey listens beside its unix socket, with a password; its address
    is in `valkey/redis.url` under `data_dir`, which only the owner can read. 0: no port."""
    replicas: int = setting(0, ge=0, le=100, unit="replicas")
    """Number of Redis replicas that must have the record of a paid call before it is made: as many as may
    take over, the same for all processes. Without the record a new primary would pay for the call again.
    0: none; after a failover nothing is then bought until earlier purchases have been looked for."""
    keep_days: float = setting(30, gt=0, unit="days")
    """Days for which the records of a finished brief are kept."""
    keep_events: int = setting(1_000_000, gt=0, unit="entries")
    """The largest number of events that the stream for downstream keeps."""
    keep_event_bytes: int = setting(1024**3, ge=1024**2, unit="bytes")
    """Bytes that these events may have in all: with large metadata, or many faults, an event has 50 KB."""
    reference_dir: Path | None = None
    """Folder under which briefs may name pictures by path; none: only by URL."""
    reference_private: bool = False
    """Whether pictures may be fetched over http and from private addresses: for tests and closed networks.
    Anybody who may send briefs can then make the worker call any address that it can reach."""
    max_upload_bytes: int = setting(20 * 1024 * 1024, gt=0, unit="bytes")
    """Bytes of the largest picture that is uploaded."""
    extraction_credits: float = setting(0.0, ge=0, unit="credits")
    """Credits that the description of a photo counts in budgets: the API publishes no price. 0: nothing."""
    chooser_seconds: float = setting(30.0, gt=0, le=600, unit="seconds")
    """Seconds in which a rule that looks at drafts (`best`, a plug-in) must choose for one instruction; after
    that a person is asked."""
    events: Literal["sse", "webhook"] = "sse"
    """How the API's events come: by streams to the listener, or by webhook to `identity-worker web`."""
    secrets_dir: Path | None = None
    """Folder for the secrets of webhooks, from the API and to others; none: `secrets` under `data_dir`."""
    hooks_private: bool = False
    """Whether `identity-worker deliver` may send over http, and to private addresses."""
    inlets: Path | None = None
    """TOML file of further queues for briefs, and what each may use. None: `briefs` is the only queue."""
    archive: str | None = None
    """Where `identity-worker archive` stores pictures: a folder or `s3://NAME/PREFIX`; none: nowhere."""
    mark_certificate: Path | None = None
    """PEM file of the certificate, with its chain, that signs marked copies of pictures; none: no copies."""
    mark_key: Path | None = None
    """PEM file of that certificate's private key, without a passphrase."""
    preprocessing_counts: bool = True
    """Whether preprocessing holds one of the account's jobs (piktid-v2.md 6.18)."""
    speed: float = setting(1.0, gt=0, unit="times")
    """How many times faster the API's clocks run than the real API's; above 1 only with a sandbox."""
    http2: bool = False
    """Whether HTTP/2 is used with gateways that prefer it; needs `identity-worker[http2]`, is no faster."""
    request_timeout: float = setting(30.0, gt=0, unit="seconds")
    """Seconds that the API may take to answer."""
    threads: int = setting(64, ge=1, unit="threads")
    """Threads of a worker process, unless `work --threads` says otherwise: how many steps can wait for the
    API at once. A thread takes some 100 KB; an account may use no more threads than are free."""
    shutdown_seconds: float = setting(25.0, ge=0, unit="seconds")
    """Seconds for which a worker that was told to end waits for its paid calls: less than the platform's own
    limit, often 30. A call without an answer by then has an unknown outcome. Other steps have one second."""
    metrics_token_file: Path | None = None
    """File with the bearer token that `/metrics` requires; none: it answers only on the loopback."""
    still_minutes: float = setting(10, gt=0, unit="minutes")
    """If nothing moves for so many minutes although something could start, `/readyz` answers 503."""
    page_hosts: str = ""
    """Host names by which browsers reach the page, with commas between. IP addresses and `localhost` always
    work; other names are refused, since a foreign site's name may be pointed at this machine."""
    page_proxy: str = ""
    """Address of the proxy that signs people in and names them in `page_user_header`; none: no such proxy."""
    page_user_header: str = ""
    """Header in which that proxy names the person, as `X-Forwarded-User`; its value is a token's name."""
    traces: bool = False
    """Whether briefs are exported as OpenTelemetry traces, set up by the variables `OTEL_*` (the endpoint by
    `OTEL_EXPORTER_OTLP_ENDPOINT`); needs `identity-worker[otel]`. The same for all processes."""
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
    if value != API_URL and not is_base(value):
        raise ValueError("must be https, or http to this machine, with no user, and end with its path")
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
