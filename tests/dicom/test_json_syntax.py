import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.json_syntax import MAX_COMMAS, parse_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, null, true, "x"]}', {"a": [1, None, True, "x"]}),
        ("1.50", Decimal("1.50")),
        ("1e308", Decimal("1e308")),
        ("-0.0", Decimal(0)),
        ("0e-99999999999999999999", Decimal(0)),
        ('"[[[[[[[[{{{{"', "[[[[[[[[{{{{"),
        ('["\\"[[[[[", "\\\\", "[[[[["]', ['"[[[[[', "\\", "[[[[["]),
    ],
)
def test_values(text: str, value: object) -> None:
    assert parse_json(text.encode(), 4) == value


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting"),
        (b"[1] 2", "Extra data"),
        (b'"\x01"', "control character"),
        (b'"open', "Unterminated"),
        (b'"\\', "Unterminated"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"\xff\xfe{\0}\0", "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"NaN", "NaN is no number"),
        (b"[Infinity]", "Infinity is no number"),
        (b"-Infinity", "-Infinity is no number"),
        (b"1e400", "beyond what a double"),
        (b"-1e400", "beyond what a double"),
        (b"1e-400", "beyond what a double"),
        (b"1" * 65, "more than 64 characters"),
        (b"0." + b"1" * 65, "more than 64 characters"),
        (b"9" * 100_000, "more than 64 characters"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "'c' stands twice"),
        (b"[[[[[]]]]]", "nests deeper than 4"),
        (b'{"a":{"a":{"a":{"a":{}}}}}', "nests deeper than 4"),
    ],
)
def test_w13_refusals(data: bytes, rule: str) -> None:
    with pytest.raises(JsonModelError) as refused:
        parse_json(data, 4)
    assert rule in str(refused.value)
    assert str(refused.value).startswith("JSON: ")


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'"' + b'\\"' * 500_000,
        b'"' + b"\\" * 1_000_001,
        b'"x' * 333_333,
        b"]" * 1_000_000,
        b"{" + b",".join(b'"%d":0' % number for number in range(100_000)) + b',"0":0}',
    ],
)
def test_w13_what_is_hostile_is_refused_in_no_time(data: bytes) -> None:
    """The time limit of a test would be met by anything worse than linear."""
    with pytest.raises(JsonModelError):
        parse_json(data, 200)


@pytest.mark.parametrize("value", [b"1", b"1.5", b"[]", b"{}", b'""', b'"\\","'])
def test_w13_values_are_bounded(value: bytes) -> None:
    many = b"[" + (value + b",") * (MAX_COMMAS + 1) + value + b"]"
    with pytest.raises(JsonModelError, match="more than 262144 commas"):
        parse_json(many, 4)


def test_commas_in_text_are_text() -> None:
    text = "," * (MAX_COMMAS + 1)
    assert parse_json(json.dumps([text, 1]).encode(), 4) == [text, 1]


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(-(2**63), 2**64),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_it_reads_what_any_writer_writes(value: object) -> None:
    for ensure_ascii in (False, True):
        text = json.dumps(value, ensure_ascii=ensure_ascii)
        try:
            data = text.encode()
        except UnicodeEncodeError:
            continue
        assert parse_json(data, 1000) == value


@given(st.binary() | st.text(alphabet='[]{}",:\\0123.eE-ntu ').map(str.encode))
def test_nothing_is_too_odd(data: bytes) -> None:
    try:
        parse_json(data, 10)
    except JsonModelError as refused:
        assert str(refused).isprintable()  # noqa: PT017 - or there is no error at all
