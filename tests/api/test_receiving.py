import pytest

from pacsd.api.receiving import Coerce, Hold, NotAccepted, Quarantine


@pytest.mark.parametrize("status", [0xA700, 0xA900, 0xC000, 0xC123])
def test_it_is_a_failure_of_c_store(status: int) -> None:
    assert NotAccepted(status, "no").status == status


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xA800, 0xFF00, 0x0122, -1])
def test_no_other_status_can_be_sent(status: int) -> None:
    with pytest.raises(ValueError, match="a failure is A7xx, A9xx or Cxxx"):
        NotAccepted(status, "no")


def test_its_comment_fits_into_an_error_comment() -> None:
    assert NotAccepted(0xA700, "x" * 64).comment == "x" * 64
    with pytest.raises(ValueError, match="comment of 65: at most 64 characters"):
        NotAccepted(0xA700, "x" * 65)


@pytest.mark.parametrize("kind", [Hold, Quarantine])
def test_whoever_decides_is_told_why(kind: type[Hold] | type[Quarantine]) -> None:
    assert kind("not ordered").reason == "not ordered"
    for reason in ("", "x" * 257, "two\nlines"):
        with pytest.raises(ValueError, match="reason"):
            kind(reason)


def test_a_coercion_changes_something() -> None:
    with pytest.raises(ValueError, match="nothing is coerced"):
        Coerce({})
