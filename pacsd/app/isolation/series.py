"""What a plugin counts: kept where it lives, and brought to the daemon from a process, in bundles.

A process tells what it counted once a second at most, however often it counts.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pacsd.api.host import HostError
from pacsd.api.metrics import BUCKETS, MAX_SERIES, MetricKind, check_metric
from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.values import form_of

METHOD = "metrics"
TELL_AFTER_S = 1.0

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One series: a sum, what there is now, or the sum of what was observed and its buckets."""

    kind: MetricKind
    name: str
    labels: tuple[tuple[str, str], ...]
    value: float
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was counted since the last one; `dropped` were of no series."""

    samples: tuple[Sample, ...]
    dropped: int


_FORM = form_of(Bundle)


class Series:
    """The port `Metrics`; `samples` are what it says now.

    `changed` is called with every change.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.dropped = 0
        self._changed = changed
        self._samples: dict[tuple[str, Labels], Sample] = {}
        self._known: dict[str, tuple[MetricKind, tuple[str, ...]]] = {}
        self._lock = threading.Lock()

    @property
    def samples(self) -> Sequence[Sample]:
        """Every series."""
        with self._lock:
            return [*self._samples.values()]

    def value(self, name: str, /, **labels: str) -> float | None:
        """What a series says now, None when there is none."""
        found = self._samples.get((name, _sorted(labels)))
        return None if found is None else found.value

    def count(self, name: str, amount: float = 1.0, /, **labels: str) -> None:
        """Add to a counter."""
        self._add(MetricKind.COUNTER, name, amount, labels)

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        """Say how much there is now."""
        self._add(MetricKind.GAUGE, name, value, labels)

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        """Add a value to a histogram."""
        self._add(MetricKind.HISTOGRAM, name, value, labels)

    def take(self) -> Bundle:
        """What was counted since the last time; it is forgotten here."""
        with self._lock:
            bundle = Bundle(tuple(self._samples.values()), self.dropped)
            self._samples.clear()
            self.dropped = 0
            return bundle

    def merge(self, bundle: Bundle) -> None:
        """Add what was counted elsewhere.

        Raises:
            HostError: something of it is no metric.
        """
        for sample in bundle.samples:
            check_metric(sample.name, sample.kind, sample.value, dict(sample.labels))
            if sample.labels != tuple(sorted(set(sample.labels))):
                raise HostError(f"{sample.name}: labels that are not in order")
            is_whole = len(sample.buckets) == len(BUCKETS) and min(sample.buckets) >= 0
            if (sample.kind is MetricKind.HISTOGRAM) != is_whole:
                raise HostError(f"{sample.name}: other buckets than a {sample.kind} has")
            try:
                self._merge(sample)
            except HostError:  # a former life of the plugin called something else so
                self.dropped += 1
        self.dropped += max(0, bundle.dropped)

    def _add(self, kind: MetricKind, name: str, value: float, labels: dict[str, str]) -> None:
        check_metric(name, kind, value, labels)
        buckets = _bucket_of(value) if kind is MetricKind.HISTOGRAM else ()
        self._merge(Sample(kind, name, _sorted(labels), float(value), buckets))
        self._changed()

    def _merge(self, sample: Sample) -> None:
        shape = sample.kind, tuple(label for label, _ in sample.labels)
        key = sample.name, sample.labels
        with self._lock:
            if len(self._known) < MAX_SERIES:
                self._known.setdefault(sample.name, shape)
            if self._known.get(sample.name, shape) != shape:
                raise HostError(f"{sample.name}: was of another kind, or had other labels")
            before = self._samples.get(key)
            if before is not None:
                self._samples[key] = _sum(before, sample)
            elif len(self._samples) < MAX_SERIES:
                self._samples[key] = sample
            else:
                self.dropped += 1


def encode_bundle(bundle: Bundle) -> object:
    """Write a bundle as it crosses a channel."""
    return _FORM.encode(bundle)


class BundleListener:
    """Hears bundles and adds them to the series of a plugin in the daemon."""

    def __init__(self, metrics: object) -> None:
        self._series = metrics if isinstance(metrics, Series) else Series()

    def __call__(self, arguments: object) -> None:
        """Add one; Misfit: it is none."""
        bundle = _FORM.decode(arguments)
        assert isinstance(bundle, Bundle)  # noqa: S101 - the form makes nothing else
        try:
            self._series.merge(bundle)
        except HostError as error:
            raise Misfit(str(error), "metrics") from error


def _sum(before: Sample, sample: Sample) -> Sample:
    if sample.kind is MetricKind.GAUGE:
        return sample
    buckets = tuple(map(sum, zip(before.buckets, sample.buckets, strict=True)))
    return replace(before, value=before.value + sample.value, buckets=buckets)


def _bucket_of(value: float) -> tuple[int, ...]:
    place = bisect_left(BUCKETS, value)
    return tuple(int(number == place) for number in range(len(BUCKETS)))


def _sorted(labels: dict[str, str]) -> Labels:
    return tuple(sorted(labels.items()))
