"""Makes the figures of what processes have counted (`worker/tally/tally.py`)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from worker.metrics.sample import COUNT, Sample
from worker.tally.counted import COUNTED
from worker.tally.family import Family
from worker.tally.tally import NO_END, SUM, read_field

_BY_NAME = {family.short: family for family in COUNTED}


def counted(tally: Mapping[str, str]) -> Iterator[Sample]:
    """Yield the figures; of what a newer version counts, none."""
    histograms: defaultdict[tuple[Family, tuple[str, ...]], dict[str, float]] = defaultdict(dict)
    for text, number in tally.items():
        field = read_field(text)
        family = _BY_NAME.get(field.family)
        if family is None or len(field.labels) != len(family.labels):
            continue
        if family.kind == "histogram":
            histograms[family, field.labels][field.bucket] = float(number)
        else:
            yield Sample(family, field.labels, float(number))
    for (family, labels), buckets in histograms.items():
        yield from _histogram(family, labels, buckets)


def _histogram(family: Family, labels: tuple[str, ...], buckets: Mapping[str, float]) -> Iterator[Sample]:
    """Yield the parts of a histogram; each bucket tells of all below it as well."""
    below = 0.0
    for end in (*(f"{end:g}" for end in family.buckets), NO_END):
        below += buckets.get(end, 0)
        yield Sample(family, labels, below, end)
    yield Sample(family, labels, below, COUNT)
    yield Sample(family, labels, buckets.get(SUM, 0.0), SUM)
