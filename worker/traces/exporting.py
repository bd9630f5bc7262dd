"""Exports spans by OpenTelemetry's SDK, as its variables `OTEL_*` say; nothing else imports its packages."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from config.errors import IdentityWorkerError
from worker.traces.spans import Span
from worker.traces.withholding import give_back

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

#: Whose spans they are (semantic conventions, *service.name*), unless the variables say otherwise.
SERVICE = "identity-worker"
_NOBODY = "unknown_service"
_EXPORTER, _PROTOCOL = "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL"
_SPOKEN = "http/protobuf"


class TracesError(IdentityWorkerError):
    """Raised when spans can't be exported as the environment asks; says what to install or to set."""


class Exporter(Protocol):
    """Takes spans."""

    def export(self, spans: Sequence[Span]) -> bool:
        """Return whether they were taken."""

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
        self._exporter = OTLPSpanExporter()

    def export(self, spans: Sequence[Span]) -> bool:
        from opentelemetry.sdk.trace.export import SpanExportResult

        return self._exporter.export([self._made(each) for each in spans]) is SpanExportResult.SUCCESS

    def end(self) -> None:
        shutdown: Any = self._exporter.shutdown  # which has no types
        shutdown()

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
