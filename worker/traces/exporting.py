"""Exports spans by OpenTelemetry's SDK, as its variables `OTEL_*` say; nothing else imports its packages."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from config.errors import IdentityWorkerError
from worker.traces.spans import Span
from worker.traces.withholding import give_back

if TYPE_CHECKING:
    import requests
    from opentelemetry.sdk.trace import ReadableSpan

#: Whose spans they are (semantic conventions, *service.name*), unless the variables say otherwise.
SERVICE = "identity-worker"
_NOBODY = "unknown_service"
_EXPORTER, _PROTOCOL = "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL"
_SPOKEN = "http/protobuf"
#: Whose sessions sign in by a package of their own, which makes them: we can't see what these are answered.
_PROVIDERS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
)
#: Answers that say of what was sent that it is bad or too large: it will be so the next time. All else is
#: mended (a wrong token or path: 401, 403, 404) or passes (429, 503), and spans are kept so long.
_REFUSALS = frozenset({400, 413, 422})

#: What became of spans: they were taken, were refused for good, or are to be sent again later.
Outcome = Literal["taken", "refused", "later"]


class TracesError(IdentityWorkerError):
    """Raised when spans can't be exported as the environment asks; says what to install or to set."""


class Exporter(Protocol):
    """Takes spans."""

    def export(self, spans: Sequence[Span]) -> Outcome:
        """Send them at once, for as long as OTEL_EXPORTER_OTLP_TIMEOUT says."""

    def end(self) -> None:
        """Close what is open."""


def open_exporter() -> Exporter:
    """Return what exports spans; raises TracesError."""
    wanted = os.environ.get(_EXPORTER, "otlp").strip() or "otlp"
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get(_PROTOCOL) or _SPOKEN
    if wanted != "otlp":
        raise TracesError(f"{_EXPORTER}={wanted}: must be otlp; IDENTITY_WORKER_TRACES=0 exports none")
    if protocol != _SPOKEN:
        raise TracesError(f"{_PROTOCOL}={protocol}: must be {_SPOKEN}, which collectors take on port 4318")
    give_back()
    try:
        return _Otlp()
    except ImportError as error:
        raise TracesError(
            f"IDENTITY_WORKER_TRACES needs the package of {error.name}: pip install 'identity-worker[otel]'"
        ) from None


class _Otlp:
    """Exports by OTLP over HTTP."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource

        said = Resource.create()
        is_named = not str(said.attributes.get("service.name", _NOBODY)).startswith(_NOBODY)
        self._resource = said if is_named else said.merge(Resource({"service.name": SERVICE}))
        self._status: int | None = None
        self._exporter = OTLPSpanExporter(session=self._session())

    def export(self, spans: Sequence[Span]) -> Outcome:
        from opentelemetry.sdk.trace.export import SpanExportResult

        self._status = None
        told = self._exporter.export([self._made(each) for each in spans])
        # The SDK takes a redirection for success, and follows none.
        if told is SpanExportResult.SUCCESS and (self._status is None or self._status < 300):
            return "taken"
        return "refused" if self._status in _REFUSALS else "later"

    def end(self) -> None:
        shutdown: Any = self._exporter.shutdown  # which has no types
        shutdown()

    def _session(self) -> "requests.Session | None":
        """Return a session that notes the status of each answer, which the SDK tells nobody but its log."""
        if any(os.environ.get(each) for each in _PROVIDERS):
            return None
        import requests

        def note(answer: requests.Response, **_: object) -> None:
            self._status = answer.status_code

        session = requests.Session()
        session.hooks["response"].append(note)
        return session

    def _made(self, span: Span) -> "ReadableSpan":
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
        from opentelemetry.trace.status import Status, StatusCode

        def context(span_id: int, *, is_remote: bool = False) -> SpanContext:
            return SpanContext(span.trace_id, span_id, is_remote, TraceFlags(TraceFlags.SAMPLED))

        attributes: dict[str, Any] = dict(span.attributes)
        return ReadableSpan(
            span.name,
            context(span.span_id),
            context(span.parent_id, is_remote=True) if span.parent_id else None,
            self._resource,
            attributes,
            kind=SpanKind[span.kind.upper()],
            status=Status() if span.error is None else Status(StatusCode.ERROR, span.error),
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=InstrumentationScope(SERVICE),
        )
