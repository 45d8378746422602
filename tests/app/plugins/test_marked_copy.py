import tempfile
import zlib

import pytest

from pacsd.api.coercion import NotCoerced
from pacsd.app.plugins.file_beginning import FIRST_BYTES
from pacsd.app.plugins.marked_copy import marks_of, write_marked
from pacsd.dicom.part10 import decode_file_meta
from pacsd.testing.objects import data_set, dicom_file
from tests.app.plugins.coercing import marked
from tests.app.plugins.test_file_beginning import deflated_file, file_of
from tests.dicom.by_pydicom import decoded
from tests.dicom.written import EXPLICIT, deflate

MARKS = ("2.25.5", "2.25.3")


def marks_in(content: bytes) -> tuple[str, ...]:
    with file_of(content) as file:
        return marks_of(file)


@pytest.mark.parametrize("pixel_bytes", [0, 1_000, FIRST_BYTES + 1_000_000])
def test_only_the_marks_are_others(pixel_bytes: int) -> None:
    content = dicom_file(pixel_bytes=pixel_bytes)
    made = marked(content, *MARKS)
    assert marks_in(content) == ()
    assert marks_in(made) == MARKS
    extra = len(made) - len(content)
    at = content.index(b"\x20\x00\x0d\x00")
    assert made[:at] + made[at + extra :] == content
    assert marked(made, *MARKS[:1]) == marked(content, *MARKS[:1])


@pytest.mark.parametrize("pixel_bytes", [0, FIRST_BYTES + 1_000_001])
def test_a_deflated_data_set_is_deflated_again(pixel_bytes: int) -> None:
    raw = data_set(pixel_bytes=pixel_bytes + pixel_bytes % 2)
    made = marked(deflated_file(deflate(raw)), *MARKS)
    assert marks_in(made) == MARKS
    written = made[decode_file_meta(made)[1] :]
    assert not len(written) % 2
    inflated = zlib.decompress(written, -zlib.MAX_WBITS)
    assert len(decoded(inflated, EXPLICIT).ContributingEquipmentSequence) == len(MARKS)
    assert inflated.endswith(raw[raw.index(b"\x20\x00\x0d\x00") :])


def test_what_cannot_be_read_is_not_copied() -> None:
    broken = dicom_file()
    with pytest.raises(NotCoerced, match="it cannot be read: no DICM"):
        marks_in(b"")
    with pytest.raises(NotCoerced, match=r"it cannot be read: the place of \(0018,A001\)"):
        marks_in(broken[: broken.index(b"TEST-1")])
    cut = deflated_file(deflate(data_set(pixel_bytes=FIRST_BYTES * 2))[:-8])
    with file_of(cut) as file, tempfile.TemporaryFile() as target:
        assert marks_of(file) == ()
        with pytest.raises(NotCoerced, match="cut short"):
            write_marked(file, target, MARKS)
