import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom import json_reader
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.json_model import to_json
from pacsd.dicom.json_reader import JsonDataSet, read_each, read_json
from pacsd.dicom.json_text import json_bytes, json_text
from pacsd.dicom.walk import MAX_DEPTH
from tests.dicom.written import EXPLICIT, element

UNICODE = {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}
DECLARED = element(0x00080005, "CS", b"ISO_IR 192")


def read(said: object) -> bytes:
    (found,) = read_json(json.dumps(said).encode())
    return found.raw


def again(said: object) -> Any:
    """What the model says of what was read."""
    return to_json(read_data_set(read(said), EXPLICIT, keeps_empty_items=True))


def refusal(said: object) -> str:
    with pytest.raises(JsonModelError) as refused:
        read_json(json.dumps(said).encode())
    assert str(refused.value).isprintable()
    return str(refused.value)


def test_a_data_set() -> None:
    said = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller"}]}, "00080060": {"vr": "CS"}}
    name = element(0x00100010, "PN", "Müller ".encode())
    assert read(said) == DECLARED + element(0x00080060, "CS", b"") + name


def test_an_array_of_them() -> None:
    found = read_json(b'[{}, {"00080060": {"vr": "CS", "Value": ["CT"]}}]')
    assert [each.raw for each in found] == [DECLARED, DECLARED + element(0x00080060, "CS", b"CT")]
    assert read_json(b"[]") == []


def test_one_by_one_each_is_refused_alone() -> None:
    good = {"00080060": {"vr": "CS", "Value": ["CT"]}}
    said = [good, {"00080060": {"vr": "XX"}}, 7, good]
    first, second, third, fourth = read_each(json.dumps(said).encode())
    assert isinstance(first, JsonDataSet)
    assert first == fourth == read_json(json.dumps(good).encode())[0]
    assert isinstance(second, JsonModelError)
    assert "(0008,0060)" in str(second)
    assert isinstance(third, JsonModelError)
    assert list(read_each(b"[]")) == []
    with pytest.raises(JsonModelError, match="RFC 8259"):
        list(read_each(b'[{}, {"0008'))


def test_one_by_one_each_has_its_own_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "MAX_HEADERS", 4)
    few, many = {"00080060": {"vr": "CS"}}, {f"0008006{n}": {"vr": "CS"} for n in range(4)}
    said = json.dumps([few, few, many, few]).encode()
    assert [isinstance(each, JsonDataSet) for each in read_each(said)] == [True, True, False, True]
    with pytest.raises(JsonModelError, match="more than 4"):
        read_json(said, max_headers=4)


def test_what_the_model_leaves_out_is_left_out() -> None:
    meta = {"00020010": {"vr": "UI", "Value": ["1.2"]}, "00080000": {"vr": "UL", "Value": [4]}}
    other = {"00080005": {"vr": "CS", "Value": ["ISO_IR 100"]}}
    assert read(meta | other) == DECLARED
    sequence = {"00081140": {"vr": "SQ", "Value": [other | meta]}}
    assert again(sequence) == UNICODE | {"00081140": {"vr": "SQ", "Value": [{}]}}


def test_items() -> None:
    inner = {"00081150": {"vr": "UI", "Value": ["1.2"]}, "00081199": {"vr": "SQ", "Value": [{}]}}
    said = {"00081140": {"vr": "SQ", "Value": [{}, inner]}, "00081110": {"vr": "SQ"}}
    assert again(said) == UNICODE | said


def test_bulk_data_has_a_path_and_a_place() -> None:
    long = {"00281201": {"vr": "OW", "BulkDataURI": "bulk/1"}}
    said = {
        "00081140": {"vr": "SQ", "Value": [{}, long]},
        "7FE00010": {"vr": "OW", "BulkDataURI": "bulk/2"},
    }
    (found,) = read_json(json.dumps(said).encode())
    told = [(each.path, each.tag, each.vr, each.uri) for each in found.bulk]
    assert told == [
        (((0x00081140, 1),), 0x00281201, "OW", "bulk/1"),
        ((), 0x7FE00010, "OW", "bulk/2"),
    ]
    raw = found.raw
    for each in reversed(found.bulk):
        value = each.uri.encode()
        assert raw[each.offset : each.offset + 12] == element(each.tag, each.vr, b"")
        raw = raw[: each.offset] + element(each.tag, each.vr, value) + raw[each.offset + 12 :]
    filled = read_data_set(raw, EXPLICIT, keeps_empty_items=True)
    assert filled.items(0x00081140)[1].raw(0x00281201) == b"bulk/1"
    assert filled.raw(0x7FE00010) == b"bulk/2"


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (7, "JSON: 7 is no object"),
        ([None], "JSON: None is no object"),
        ({"PatientName": {"vr": "PN"}}, "'PatientName': is no tag of eight digits"),
        ({"0010001": {"vr": "PN"}}, "is no tag"),
        ({"00000100": {"vr": "US"}}, "(0000,0100): is of no data set"),
        ({"FFFEE000": {"vr": "OB"}}, "(FFFE,E000): is of no data set"),
        ({"001021b0": {"vr": "LT"}, "001021B0": {"vr": "LT"}}, "(0010,21B0): stands twice"),
        ({"00100010": []}, "(0010,0010): [] is no object"),
        ({"00100010": {}}, "(0010,0010): vr None is none of"),
        ({"00100010": {"vr": "ZZ"}}, "(0010,0010): vr 'ZZ' is none of"),
        ({"00100010": {"vr": ["PN"]}}, "vr ['PN'] is none of"),
        ({"00080060": {"vr": "CS", "Value": "CT"}}, "(0008,0060) CS: value 'CT' is no array"),
        ({"00080060": {"vr": "CS", "Value": None}}, "is no array"),
        ({"00080060": {"vr": "CS", "Other": 1}}, "value 'Other' stands there too"),
        ({"00091001": {"vr": "OB", "Value": [], "InlineBinary": ""}}, "stands there too"),
        ({"00091001": {"vr": "OB", "Value": [1]}}, "value 1 is not InlineBinary"),
        ({"00080060": {"vr": "CS", "InlineBinary": "AQI="}}, "is not for this VR"),
        ({"00080060": {"vr": "CS", "BulkDataURI": "x"}}, "of a VR that has none"),
        ({"00081140": {"vr": "SQ", "BulkDataURI": "x"}}, "of a VR that has none"),
        ({"7FE00010": {"vr": "OW", "BulkDataURI": ""}}, "is no URI"),
        ({"7FE00010": {"vr": "OW", "BulkDataURI": 1}}, "is no URI"),
        ({"00081030": {"vr": "LO", "Value": ["x" * 65535]}}, "65536 bytes are more than 65534"),
        ({"00081140": {"vr": "SQ", "Value": [None]}}, "(0008,1140) item 1 : None is no object"),
        ({"00081140": {"vr": "SQ", "Value": [{}, {"00280010": {"vr": "US", "Value": [-1]}}]}},
         "(0008,1140) item 2 (0028,0010) US: value -1 is out of its range"),
        ({"00081030": {"vr": "LO", "Value": ["\ud800"]}}, "surrogate"),
    ],
)  # fmt: skip
def test_w13_refusals(said: object, rule: str) -> None:
    assert rule in refusal(said)


def nested(depth: int) -> bytes:
    return b'{"00081140":{"vr":"SQ","Value":[' * depth + b"{}" + b"]}}" * depth


def test_w13_depth_is_bounded() -> None:
    assert read_json(nested(MAX_DEPTH))[0].raw.startswith(DECLARED)
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(JsonModelError, match="deeper"):
            read_json(nested(depth))


def test_w13_elements_and_items_are_bounded_over_all_data_sets() -> None:
    assert len(read_json(b"[{},{},{}]", 6)) == 3
    with pytest.raises(JsonModelError, match="more than 6 elements"):
        read_json(b"[{},{},{},{}]", 6)
    items = {"00081140": {"vr": "SQ", "Value": [{}] * 5}}
    with pytest.raises(JsonModelError, match="more than 6 elements"):
        read_json(json.dumps(items).encode(), 6)


@pytest.mark.parametrize(
    ("said", "uid"),
    [
        ({}, ""),
        ({"00020010": {"vr": "UI", "Value": ["1.2.3"]}}, "1.2.3"),
        ({"00083002": {"vr": "UI", "Value": ["1.2.4"]}}, "1.2.4"),
        ({"00020010": {"vr": "UI", "Value": ["1.2.3"]},
          "00083002": {"vr": "UI", "Value": ["1.2.4"]}}, "1.2.3"),
        ({"00083002": {"vr": "UI", "Value": ["1.2.3", "1.2.4"]}}, ""),
        ({"00020010": {"vr": "UI"}}, ""),
        ({"00020010": {"vr": "UI", "Value": [7]}}, ""),
        ({"00020010": 7}, ""),
    ],
)  # fmt: skip
def test_what_it_says_of_its_transfer_syntax(said: object, uid: str) -> None:
    (found,) = read_json(json.dumps(said).encode())
    assert found.transfer_syntax_uid == uid


def test_text_is_little_endian_numbers_too() -> None:
    said = {"00280010": {"vr": "US", "Value": [512]}}
    assert read(said) == DECLARED + element(0x00280010, "US", struct.pack("<H", 512))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\\=\0")).map(
    lambda text: text.strip(" ").rstrip(" \0")
)
ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\ "))
GROUP = TEXT.map(lambda text: text.rstrip("^ ").lstrip(" ")).filter(bool)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("AE", "AS", "CS", "DA", "DT", "TM", "UI"), ASCII.filter(bool) | st.none()),
    **dict.fromkeys(("LO", "SH"), TEXT.filter(bool) | st.none()),
    "UC": TEXT.filter(bool) | st.none(),
    "PN": st.dictionaries(
        st.sampled_from(["Alphabetic", "Ideographic", "Phonetic"]), GROUP, min_size=1
    ),
    "IS": st.integers(-(2**31), 2**31 - 1) | st.none(),
    "DS": st.floats(-1e12, 1e12).map(lambda number: float(f"{number:.9g}")) | st.none(),
    "AT": st.integers(0, 0xFFFFFFFF).map(lambda tag: f"{tag:08X}"),
    "SS": st.integers(-(2**15), 2**15 - 1),
    "US": st.integers(0, 2**16 - 1),
    "SL": st.integers(-(2**31), 2**31 - 1),
    "UL": st.integers(0, 2**32 - 1),
    "SV": st.integers(-(2**63), 2**63 - 1).map(lambda n: n if abs(n) <= 2**53 else str(n)),
    "UV": st.integers(0, 2**64 - 1).map(lambda n: n if n <= 2**53 else str(n)),
    "FL": st.floats(width=32, allow_nan=False, allow_infinity=False)
    | st.sampled_from(["NaN", "Infinity", "-Infinity"]),
    "FD": st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["NaN", "Infinity", "-Infinity"]),
}
SINGLE = {"LT": TEXT, "ST": TEXT, "UT": TEXT, "UR": ASCII}


def of_vr(vr: str) -> st.SearchStrategy[dict[str, Any]]:
    if vr in SINGLE:
        lists = st.lists(SINGLE[vr].filter(bool), max_size=1)
    else:
        # Of empty values alone nothing is left.
        lists = st.lists(VALUES[vr], max_size=4).filter(lambda each: not each or any_value(each))
    return lists.map(lambda each: {"vr": vr, "Value": each} if each else {"vr": vr})


def any_value(values: list[Any]) -> bool:
    return values[-1] is not None


ATTRIBUTES = st.sampled_from([*VALUES, *SINGLE]).flatmap(of_vr)
TAGS = st.integers(0x00090010, 0x7FDFFFFF).filter(lambda tag: tag & 0xFFFF != 0)
DATA_SETS = st.recursive(
    st.dictionaries(TAGS.map("{:08X}".format), ATTRIBUTES, max_size=5),
    lambda items: st.dictionaries(
        TAGS.map("{:08X}".format),
        st.lists(items, min_size=1, max_size=3).map(lambda each: {"vr": "SQ", "Value": each}),
        max_size=3,
    ),
    max_leaves=6,
)


@given(DATA_SETS)
def test_what_is_read_says_what_was_written(said: dict[str, Any]) -> None:
    (found,) = read_json(json_bytes(json_text(said)))
    model = to_json(read_data_set(found.raw, EXPLICIT, keeps_empty_items=True))
    assert dict(model) == said | UNICODE


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["00100010", "00081140", "vr", "Value", "InlineBinary", "x"]), inner
            )
            | st.sampled_from(["PN", "SQ", "US", "OB"]).flatmap(
                lambda vr: st.fixed_dictionaries({"vr": st.just(vr), "Value": st.lists(inner)})
            )
        ),
        max_leaves=20,
    )
)
def test_nothing_is_too_odd(said: object) -> None:
    try:
        read_json(json.dumps(said).encode())
    except JsonModelError as refused:
        assert str(refused).isprintable()  # noqa: PT017 - or there is no error at all
