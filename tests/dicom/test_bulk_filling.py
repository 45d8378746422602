from dataclasses import dataclass

import orjson
import pytest

from pacsd.dicom.bulk_filling import MAX_LENGTH, Sized, check_size, filled, is_pixel_data
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.json_reader import BulkReference, JsonDataSet, read_json
from tests.dicom.written import EXPLICIT, element, item


@dataclass(frozen=True)
class Held:
    """A value that lies in memory."""

    data: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.data)


def metadata(**attributes: object) -> JsonDataSet:
    (found,) = read_json(orjson.dumps({name[1:]: value for name, value in attributes.items()}))
    return found


def joined(data_set: JsonDataSet, *values: list[bytes], is_encapsulated: bool = False) -> bytes:
    held = [[Held(each) for each in parts] for parts in values]
    pieces = filled(data_set, held, is_encapsulated=is_encapsulated)
    return b"".join(each.data if isinstance(each, Held) else each for each in pieces)


PIXELS = {"vr": "OW", "BulkDataURI": "pixels"}
END = bytes.fromhex("feffdde000000000")


def test_values_where_they_belong() -> None:
    palette = {"vr": "OW", "BulkDataURI": "palette"}
    made = metadata(
        T00081140={"vr": "SQ", "Value": [{}, {"00281201": palette}]},
        T00104000={"vr": "LT", "BulkDataURI": "text"},
        T7FE00010=PIXELS,
        T00280010={"vr": "US", "Value": [2]},
    )
    read = read_data_set(
        joined(made, [b"abcd"], [b"odd"], [b"pixels"]), EXPLICIT, keeps_empty_items=True
    )
    assert read.items(0x00081140)[1].raw(0x00281201) == b"abcd"
    assert read.raw(0x00104000) == b"odd "
    assert read.texts(0x00280010) == ["2"]
    assert read.raw(0x7FE00010) == b"pixels"


def test_without_bulk_data_it_is_as_it_is() -> None:
    made = metadata(T00080060={"vr": "CS", "Value": ["CT"]})
    assert joined(made) == made.raw


def test_odd_bytes_are_padded_with_zero() -> None:
    made = metadata(T00091001={"vr": "OB", "BulkDataURI": "x"})
    assert joined(made, [b"\1\2\3"]).endswith(element(0x00091001, "OB", b"\1\2\3\0"))


def test_frames_are_fragments() -> None:
    made = metadata(T7FE00010=PIXELS)
    value = item(b"") + item(b"abc\0") + item(b"defg") + END
    expected = element(0x7FE00010, "OB", value, length=0xFFFFFFFF)
    assert joined(made, [b"abc", b"defg"], is_encapsulated=True).endswith(expected)


def test_pixels_of_an_icon_are_samples_beside_those_of_an_image() -> None:
    icon = {"vr": "OB", "BulkDataURI": "icon"}
    made = metadata(T00880200={"vr": "SQ", "Value": [{"7FE00010": icon}]}, T7FE00010=PIXELS)
    assert [is_pixel_data(each) for each in made.bulk] == [False, True]
    data = joined(made, [b"icon"], [b"frame "], is_encapsulated=True)
    assert element(0x7FE00010, "OB", b"icon") in data
    assert data.endswith(item(b"frame ") + END)


def reference(vr: str) -> BulkReference:
    return BulkReference((), 0x00091001, vr, "x", 0)


@pytest.mark.parametrize(
    ("vr", "size_bytes", "rule"),
    [
        ("OB", MAX_LENGTH + 1, "bytes are more than 4294967294"),
        ("DS", 0xFFFF, "65535 bytes are more than 65534"),
        ("OW", 3, "3 bytes are no whole words"),
        ("OD", 12, "no whole words"),
        ("FL", 6, "no whole words"),
    ],
)
def test_sizes_that_no_value_has(vr: str, size_bytes: int, rule: str) -> None:
    with pytest.raises(JsonModelError, match=rule) as refused:
        check_size(reference(vr), size_bytes)
    assert "(0009,1001)" in str(refused.value)


@pytest.mark.parametrize(("vr", "size_bytes"), [("OB", MAX_LENGTH), ("DS", 0xFFFE), ("OD", 16)])
def test_sizes_that_values_have(vr: str, size_bytes: int) -> None:
    check_size(reference(vr), size_bytes)


def test_a_value_has_a_size() -> None:
    value: Sized = Held(b"abc")
    assert value.size_bytes == 3
