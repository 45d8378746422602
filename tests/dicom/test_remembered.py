import pytest

from pacsd.dicom import remembered
from pacsd.dicom.remembered import Remembered


def test_what_was_put_is_found() -> None:
    memory: Remembered[int] = Remembered(4)
    memory.put(1, b"one")
    assert memory.get(1) == b"one"
    assert memory.get(2) is None


def test_it_never_holds_more_than_it_may() -> None:
    memory: Remembered[int] = Remembered(10)
    for number in range(1000):
        memory.put(number, b"")
        assert len(memory) <= 10
    assert memory.get(999) == b""
    assert memory.get(0) is None


def test_what_is_asked_for_stays() -> None:
    memory: Remembered[int] = Remembered(10)
    memory.put(-1, b"used")
    for number in range(1000):
        memory.put(number, b"")
        assert memory.get(-1) == b"used"


def test_bytes_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MAX_BYTES", 100)
    memory: Remembered[int] = Remembered(1000)
    for number in range(100):
        memory.put(number, bytes(30))
    assert len(memory) <= 6
