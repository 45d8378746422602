from dataclasses import FrozenInstanceError

import pytest

from pacsd.index.change_records import ToldChange
from pacsd.index.records import ChangeKind


def test_what_was_told_stays() -> None:
    told = ToldChange(1, ChangeKind.STORED, 2, "1.2", "1.3", "1.4", 5, 0)
    with pytest.raises(FrozenInstanceError):
        told.number = 2  # type: ignore[misc]
