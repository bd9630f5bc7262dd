"""Writes figures as Prometheus reads them: its text format, or OpenMetrics for whoever asks for it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from worker.metrics.sample import COUNT, Sample
from worker.tally.tally import SUM

if TYPE_CHECKING:
    from prometheus_client import Metric


class _Collected:
    """Stands for a registry of prometheus-client; it has its figures already."""

    def __init__(self, metrics: Sequence["Metric"]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence["Metric"]:
        """Return the figures."""
        return self._metrics


def exposition(samples: Iterable[Sample], accept: str) -> tuple[bytes, str]:
    """Return figures in the format that the header `Accept` asks for, and the type of that."""
    # Not at the top: whoever is told only whether all goes on should not wait for its import.
    from prometheus_client.exposition import choose_encoder

    encode, content_type = choose_encoder(accept)
    return encode(_Collected(list(_metrics(samples)))), content_type


def _metrics(samples: Iterable[Sample]) -> Iterator["Metric"]:
    """Yield the metrics, each with all of its samples: the formats want those of a name together."""
    from prometheus_client import Metric

    # The order of sorting is kept within: the buckets of a histogram come as they were made.
    by_family = groupby(sorted(samples, key=_order), key=lambda sample: sample.family)
    for family, found in by_family:
        metric = Metric(family.name.removesuffix("_total"), family.help, family.kind)
        for sample in found:
            labels = dict(zip(family.labels, sample.labels, strict=True))
            name, more = _part(sample)
            metric.add_sample(name, labels | more, float(sample.value))
        yield metric


def _part(sample: Sample) -> tuple[str, dict[str, str]]:
    name, part = sample.family.name, sample.part
    if part in ("", COUNT, SUM):
        return f"{name}_{part}" if part else name, {}
    return f"{name}_bucket", {"le": part}


def _order(sample: Sample) -> tuple[str, tuple[str, ...]]:
    return sample.family.name, sample.labels
