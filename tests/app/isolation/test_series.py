import math
from dataclasses import replace

import pytest

from pacsd.api.host import HostError
from pacsd.api.metrics import BUCKETS, MAX_SERIES, MetricKind
from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.series import Bundle, BundleListener, Sample, Series, encode_bundle
from pacsd.testing.host_contract import check_metrics


def test_it_does_what_every_host_does() -> None:
    check_metrics(Series())


def test_what_is_counted_elsewhere_adds_up() -> None:
    there, here = Series(), Series()
    listener = BundleListener(here)
    for _ in range(2):
        there.count("sent", 2, modality="CT")
        there.gauge("waiting", 7)
        there.observe("seconds", 0.3)
        there.observe("seconds", 1_000)
        listener(encode_bundle(there.take()))
    listener(encode_bundle(there.take()))
    assert here.value("sent", modality="CT") == 4
    assert (here.value("waiting"), here.value("seconds"), here.value("other")) == (7, 2_000.6, None)
    [seconds] = [each for each in here.samples if each.name == "seconds"]
    assert [*zip(BUCKETS, seconds.buckets, strict=True)][-1] == (math.inf, 2)


def test_each_change_is_told() -> None:
    changes: list[None] = []
    series = Series(lambda: changes.append(None))
    series.count("sent")
    series.gauge("waiting", 1)
    assert len(changes) == 2


def test_p06_there_are_only_so_many_series() -> None:
    series, here = Series(), Series()
    for number in range(MAX_SERIES + 5):
        series.count("sent", peer=str(number))
        series.count(f"metric_{number}")
    assert (len(series.samples), series.dropped) == (MAX_SERIES, MAX_SERIES + 10)
    here.merge(series.take())
    assert (len(here.samples), here.dropped) == (MAX_SERIES, MAX_SERIES + 10)


def test_a_former_life_does_not_harm_a_later_one() -> None:
    here, later = Series(), Series()
    here.count("sent", modality="CT")
    later.gauge("sent", 7)
    here.merge(later.take())
    assert (here.value("sent", modality="CT"), here.value("sent"), here.dropped) == (1, None, 1)


SAMPLE = Sample(MetricKind.COUNTER, "sent", (("a", "1"), ("b", "2")), 1.0)


@pytest.mark.parametrize(
    "sample",
    [
        replace(SAMPLE, name="Sent"),
        replace(SAMPLE, value=-1.0),
        replace(SAMPLE, labels=(("b", "2"), ("a", "1"))),
        replace(SAMPLE, labels=tuple((letter, "") for letter in "abcde")),
        replace(SAMPLE, labels=(("a", "x" * 129),)),
        replace(SAMPLE, buckets=(1,) * len(BUCKETS)),
        replace(SAMPLE, kind=MetricKind.HISTOGRAM),
        replace(SAMPLE, kind=MetricKind.HISTOGRAM, buckets=(-1,) * len(BUCKETS)),
    ],
)
def test_p06_what_is_no_metric_is_refused(sample: Sample) -> None:
    with pytest.raises(HostError):
        Series().merge(Bundle((sample,), 0))
    with pytest.raises(Misfit):
        BundleListener(Series())(encode_bundle(Bundle((sample,), 0)))


def test_p06_what_is_no_bundle_is_refused() -> None:
    with pytest.raises(Misfit):
        BundleListener(Series())({"samples": []})
