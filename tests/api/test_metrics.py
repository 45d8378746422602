import pytest

from pacsd.api.host import HostError
from pacsd.api.metrics import NO_METRICS


def test_without_a_daemon_nothing_is_counted() -> None:
    for call in (NO_METRICS.count, NO_METRICS.gauge, NO_METRICS.observe):
        with pytest.raises(HostError, match="no daemon"):
            call("seconds", 1.0, modality="CT")
