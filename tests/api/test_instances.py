from dataclasses import FrozenInstanceError

import pytest

from pacsd.api.instances import InstanceFacts


def test_facts_stay_as_they_are() -> None:
    facts = InstanceFacts("1.2.3.4", "1.2", "1.2.3", "1.2", "1.2.840.10008.1.2.1", 1_000)
    assert facts.size_bytes == 1_000
    with pytest.raises(FrozenInstanceError):
        facts.size_bytes = 0  # type: ignore[misc]
