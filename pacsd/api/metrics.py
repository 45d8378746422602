"""What a plugin counts and measures; the daemon tells it at /metrics.

`pacsd_plugin_NAME_METRIC`, NAME being the plugin's. A name with one set of label values is a
series: a plugin has 200 at most, and what would be one more is dropped and counted.
"""

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from pacsd.api.host import HostError

MAX_SERIES = 200
MAX_LABELS = 4
MAX_VALUE_LENGTH = 128
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, math.inf)
"""Upper bounds of what is observed."""

_NAME = re.compile("[a-z][a-z0-9_]{0,63}")


class MetricKind(StrEnum):
    """What becomes of the values of a metric: their sum, the last, or how many were how large."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metrics(Protocol):
    """The metrics of the plugin's own. Nothing waits; from threads, too.

    Names and labels are of a-z, 0-9 and _, with a letter first; values of labels have 128
    characters at most. All calls raise HostError for what is no metric: such a name, more than 4
    labels, a name that was of another kind or had other labels, a value that is not finite.
    """

    def count(self, name: str, amount: float = 1.0, /, **labels: str) -> None:
        """Add to a counter, which never falls."""

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        """Say how much there is now."""

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        """Add a value to a histogram, such as how long something took, in seconds."""


class _NoMetrics:
    """Keeps none: what a Host has that no daemon made."""

    def count(self, _name: str, _amount: float = 1.0, /, **_labels: str) -> None:
        raise HostError("there is no daemon that keeps anything")

    gauge = observe = count


NO_METRICS = _NoMetrics()
"""Metrics without a daemon: each call raises HostError."""


def check_metric(name: str, kind: MetricKind, value: float, labels: Mapping[str, str]) -> None:
    """See that something is fit to be a metric.

    Raises:
        HostError: it is not.
    """
    for each in (name, *labels):
        if not _NAME.fullmatch(each):
            raise HostError(f"{each[:64]!a}: is no name of a-z, 0-9 and _, with a letter first")
    if len(labels) > MAX_LABELS:
        raise HostError(f"{name}: {len(labels)} labels are more than {MAX_LABELS}")
    for label, its in labels.items():
        if len(its) > MAX_VALUE_LENGTH:
            raise HostError(f"{name}: {label}: {len(its)} characters, more than {MAX_VALUE_LENGTH}")
    if not math.isfinite(value) or (kind is MetricKind.COUNTER and value < 0):
        raise HostError(f"{name}: {value} is no value of a {kind}")
