"""The check of `doctor` whether the installation stands still, by the same rules as `/readyz`."""

from collections.abc import Iterator

from config.settings import Settings
from config.times import format_duration
from worker.metrics.reading import Reading
from worker.metrics.standing import reasons
from worker.operations.doctor import Check, Health

#: Of which other checks tell: whether it matters depends on what waits.
_TOLD = ("worker", "listener")


def checks(reading: Reading, settings: Settings) -> Iterator[Check]:
    """Yield a line for each reason why it stands still, or that it does not."""
    still_ms = round(settings.still_minutes * 60_000)
    found = [each for each in reasons(reading, still_ms) if each.what not in _TOLD]
    for each in found:
        since = "" if each.what == "clock" else ", and nothing has moved since"
        yield Check("moves", Health.FAIL, f"{each.told}{since}", each.remedy)
    if not found:
        told = f"nothing that could start has waited for {format_duration(still_ms)}"
        yield Check("moves", Health.OK, told)
