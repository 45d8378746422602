from dataclasses import FrozenInstanceError, is_dataclass
from typing import get_args

import pytest

from pacsd.ul.events import Aborted, Event


def test_events_are_frozen_slotted_records() -> None:
    for event in get_args(Event):
        assert is_dataclass(event)
        assert "__slots__" in vars(event)
    with pytest.raises(FrozenInstanceError):
        Aborted(0, 0).source = 2  # type: ignore[misc]
