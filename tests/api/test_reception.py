from dataclasses import FrozenInstanceError

import pytest

from pacsd.api.reception import DEFAULT_PARTITION, Reception


def test_facts_never_change() -> None:
    reception = Reception(DEFAULT_PARTITION, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
    with pytest.raises(FrozenInstanceError):
        reception.calling_ae = "CT2"  # type: ignore[misc] # what the test is about
