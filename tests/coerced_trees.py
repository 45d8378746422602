"""Trees for tests, and what is in a written one."""

from io import BytesIO

from pacsd_coerce.tree import DataSet, Element, Sequence, Value, encoded, read_data_set

from pacsd.dicom.dictionary import tag_of, vr_of
from pacsd.dicom.headers import EXPLICIT_LITTLE, Layout
from pacsd.dicom.tag import Tag


def tag(keyword: str) -> Tag:
    found = tag_of(keyword)
    assert found is not None, keyword
    return found


def tree(**values: object) -> DataSet:
    """A data set of keywords: bytes, text, or lists of data sets."""
    found: DataSet = {}
    for keyword, value in values.items():
        made: Value
        if isinstance(value, list):
            made = Sequence(EXPLICIT_LITTLE, value)
        else:
            made = value if isinstance(value, bytes) else str(value).encode()
        found[tag(keyword)] = Element(vr_of(tag(keyword)), made)
    return found


def raw(data_set: DataSet, keyword: str) -> bytes | None:
    """The bytes of a value, without padding; None if it is not there."""
    element = data_set.get(tag(keyword))
    if element is None:
        return None
    assert isinstance(element.value, bytes), keyword
    return element.value.rstrip(b" \0")


def items(data_set: DataSet, keyword: str) -> list[DataSet]:
    value = data_set[tag(keyword)].value
    assert isinstance(value, Sequence)
    return value.items


def again(data_set: DataSet, layout: Layout = EXPLICIT_LITTLE) -> DataSet:
    """Written and read."""
    written = encoded(data_set, layout)
    return read_data_set(BytesIO(written), 0, len(written), layout)
