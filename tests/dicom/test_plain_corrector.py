"""More than what `test_corrector` sees from outside: what is kept meanwhile."""

import pytest

from pacsd.dicom.errors import ScanError
from pacsd.dicom.plain_corrector import MAX_HELD_BYTES, NewValue, PlainCorrector
from tests.dicom.written import EXPLICIT, element, sequence

NAME = 0x00100010
VALUE = NewValue(NAME, "Roe", "20260131120000.000000+0000")
PIXELS = element(0x7FE00010, "OW", bytes(100))


def test_what_stands_behind_passes_untouched() -> None:
    corrector = PlainCorrector(EXPLICIT, [VALUE], "pacsd")
    first = corrector.feed(element(NAME, "PN", b"Doe ") + element(0x30060002, "SH", b"ab"))
    assert first.endswith(b"ab")
    assert not corrector.is_over
    assert corrector.feed(PIXELS[:20]) == PIXELS[:20]
    assert corrector.is_over
    assert corrector.feed(PIXELS[20:50]) == PIXELS[20:50]
    assert corrector.feed(PIXELS[50:]) + corrector.finish() == PIXELS[50:]


def test_an_element_is_waited_for_only_where_its_value_must_be_known() -> None:
    corrector = PlainCorrector(EXPLICIT, [VALUE], "pacsd")
    station = element(0x00081010, "SH", b"station!")
    assert corrector.feed(station[:10]) == station[:10]
    assert corrector.feed(station[10:] + element(NAME, "PN", b"Doe ")[:10]) == station[10:]
    assert corrector.feed(b"e ") == element(NAME, "PN", b"Roe ")


def test_items_are_added_before_the_end_of_a_sequence_of_undefined_length() -> None:
    corrector = PlainCorrector(EXPLICIT, [VALUE], "another")
    former = sequence(0x04000561, b"", is_undefined=True)
    written = corrector.feed(element(NAME, "PN", b"Doe ") + former) + corrector.finish()
    assert written.endswith(former[-8:])
    assert written.count(b"another") == 1


def test_what_stands_before_the_character_sets_is_bounded_together() -> None:
    corrector = PlainCorrector(EXPLICIT, [VALUE], "pacsd")
    length_to_end = element(0x00080001, "UT", bytes(MAX_HELD_BYTES // 2))
    assert corrector.feed(length_to_end) == b""
    with pytest.raises(ScanError, match=r"\(0008,0001\): more than 1048576 bytes before"):
        corrector.feed(length_to_end)
