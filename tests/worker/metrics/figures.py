"""The figures of an installation as a test asks for them: by name and labels, read back from a text."""

import re

import redis
from prometheus_client.parser import text_string_to_metric_families

from config.settings import Settings
from worker.metrics.exposition import exposition
from worker.metrics.reading import read
from worker.metrics.samples import samples
from worker.metrics.standing import reasons
from worker.tally.family import PREFIX

Figures = dict[str, float]


def figures(client: "redis.Redis", settings: Settings) -> Figures:
    """Return each figure by its name without the prefix, and its labels: `jobs{default}`."""
    return parsed(text(client, settings))


def text(client: "redis.Redis", settings: Settings, accept: str = "") -> str:
    """Return the figures as `/metrics` tells them."""
    reading = read(client, settings)
    still = reasons(reading, round(settings.still_minutes * 60_000))
    return exposition(samples(reading, still), accept)[0].decode()


def parsed(told: str) -> Figures:
    """Return each figure of an exposition."""
    found: Figures = {}
    for family in text_string_to_metric_families(told):
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[sample.name.removeprefix(PREFIX) + f"{{{labels}}}" * bool(labels)] = sample.value
    return found


def names(told: str) -> set[str]:
    """Return the names of the figures of an exposition."""
    return set(re.findall(rf"^# TYPE {PREFIX}(\w+)", told, re.MULTILINE))
