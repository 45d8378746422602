import json
import math

from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.json_text import json_bytes, json_text
from pacsd.dicom.json_values import JsonValue

VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_any_reader_reads_it(value: JsonValue) -> None:
    assert json.loads(json_bytes(json_text(value))) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_exact(number: float) -> None:
    assert math.copysign(1, json.loads(json_text(number))) == math.copysign(1, number)
    assert json.loads(json_text(number)) == number


def test_it_is_utf_8_and_no_longer_than_it_must_be() -> None:
    assert json_bytes(json_text({"a": ["é", None, 1.5]})) == '{"a":["é",null,1.5]}'.encode()


def test_controls_are_escaped() -> None:
    written = json_bytes(json_text("".join(map(chr, range(0x20)))))
    assert min(written) >= 0x20
    assert b"\\u0000" in written


def test_half_a_surrogate_pair_is_no_character() -> None:
    assert json_bytes(json_text("a\ud800b\udfff")) == '"a\ufffdb\ufffd"'.encode()
