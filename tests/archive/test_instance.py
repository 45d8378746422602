import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Location
from pacsd.archive.instance import refused, stored
from pacsd.dicom.status import MAX_ERROR_COMMENT_LENGTH


def test_stored_is_success() -> None:
    location = Location("memory", "1", 5)
    outcome = stored(location, b"digest", 3)
    assert (outcome.status, outcome.comment, outcome.location) == (0x0000, "", location)


@pytest.mark.parametrize("fault", StoreFault)
def test_refused_is_out_of_resources_with_a_short_comment(fault: StoreFault) -> None:
    outcome = refused(StoreError(fault, "secret path " * 20), 3)
    assert outcome.status == 0xA700
    assert 0 < len(outcome.comment) <= MAX_ERROR_COMMENT_LENGTH
    assert "secret" not in outcome.comment
    assert outcome.location is None
