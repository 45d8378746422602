"""Data sets that are corrected, with pydicom as the oracle."""

import struct
import zlib
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pacsd.dicom.corrector import Corrector, may_change
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.dictionary import tag_of
from pacsd.dicom.errors import ScanError
from pacsd.dicom.inflate import inflate
from pacsd.dicom.plain_corrector import MAX_HELD_BYTES, NewValue
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.scan import scan
from tests.dicom.as_pydicom_reads import Line, lines
from tests.dicom.by_pydicom import decoded, encoded
from tests.dicom.corpus import objects
from tests.dicom.written import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    element,
    item,
    known,
    sequence,
)

MOMENT, LATER = "20260131120000.000000+0000", "20260201120000.000000+0000"
CHARSET, NAME, DATE, COMMENTS, DESCRIPTION, ORIGINAL = (
    0x00080005, 0x00100010, 0x00080020, 0x00204000, 0x00081030, 0x04000561,
)  # fmt: skip
PIXELS = 0x7FE00010


def values(moment: str = MOMENT, **asked: str) -> list[NewValue]:
    found = [(tag_of(keyword), value) for keyword, value in asked.items()]
    return [NewValue(tag, value, moment) for tag, value in found if tag is not None]


def corrected(
    data: bytes,
    asked: Sequence[NewValue],
    syntax: TransferSyntax = EXPLICIT,
    sizes: Sequence[int] = (),
    others: int = 1_000,
) -> bytes:
    corrector = Corrector(syntax, asked)
    out: list[bytes] = []
    left, cuts = data, list(sizes)
    while left:
        size = cuts.pop() if cuts else others
        out += corrector.feed(left[:size])
        left = left[size:]
    assert all(len(piece) % 2 == 0 for piece in out)
    return b"".join([*out, *corrector.finish()])


def raw_values(data: bytes, syntax: TransferSyntax) -> dict[int, bytes]:
    """Of each element outside sequences, with its header: where one ends the next begins."""
    found = scan(data, syntax, is_layout_certain=True)
    elements = list(found.elements.values())
    assert [each.tag for each in elements] == sorted(each.tag for each in elements)
    return {each.tag: data[each.offset : each.offset + each.length] for each in elements}


TEXTS = {
    "ImageType": "ORIGINAL\\PRIMARY",
    "StudyDate": "20260101",
    "AccessionNumber": "A1",
    "Modality": "CT",
    "StudyDescription": "knee",
    "PatientName": "Müller^Jürgen",
    "PatientComments": "several words \\ of text",
    "BodyPartExamined": "",
    "InstanceNumber": "7",
    "ImageComments": "some more",
}
NEW = {
    "StudyDate": st.sampled_from(["", "20251231"]),
    "AccessionNumber": st.sampled_from(["", "A1", "B77"]),
    "Modality": st.sampled_from(["MR", "CT"]),
    "StudyDescription": st.sampled_from(["", "Rücken", "колено", "Ελένη", "山田 太郎"]),
    "PatientName": st.sampled_from(["", "Roe^Jane", "Müller^Jürgen", "Ελένη^A", "山田^太郎"]),
    "PatientComments": st.sampled_from(["odd", "", "x" * 5_000, "é \\ è"]),
    "BodyPartExamined": st.sampled_from(["", "KNEE"]),
    "InstanceNumber": st.sampled_from(["", "12"]),
    "ImageComments": st.sampled_from(["none", "некоторые"]),
    "PatientSpeciesDescription": st.sampled_from(["", "canine"]),
}
CHARSETS = ["ISO_IR 100", "ISO_IR 192", "GB18030", ["ISO 2022 IR 100", "ISO 2022 IR 144"]]


@st.composite
def data_sets(draw: st.DrawFn) -> Dataset:
    ds = Dataset()
    charset = draw(st.sampled_from([None, *CHARSETS]))
    if charset is not None:
        ds.SpecificCharacterSet = charset
    for keyword in draw(st.sets(st.sampled_from(sorted(TEXTS)))):
        text = TEXTS[keyword]
        setattr(ds, keyword, text if charset is not None else text.replace("ü", "u"))
    ds.add_new(0x00090010, "LO", "VENDOR")
    ds.add_new(0x00091001, "LO", "private")
    if draw(st.booleans()):
        inner = Dataset()
        inner.PatientName, inner.AccessionNumber = "Inner", "I"
        ds.RequestAttributesSequence = [inner]
        ds["RequestAttributesSequence"].is_undefined_length = draw(st.booleans())
        inner.is_undefined_length_sequence_item = draw(st.booleans())
    if draw(st.booleans()):
        former = Dataset()
        former.ModifyingSystem = "another"
        former.ModifiedAttributesSequence = [Dataset()]
        ds.OriginalAttributesSequence = [former] * draw(st.integers(1, 2))
        ds["OriginalAttributesSequence"].is_undefined_length = draw(st.booleans())
    if draw(st.booleans()):
        ds.StructureSetLabel, ds.ROIContourSequence = "behind", [_named("Inner")]
        ds["ROIContourSequence"].is_undefined_length = draw(st.booleans())
    if draw(st.booleans()):
        ds.Rows, ds.BitsAllocated = 1, 8
        ds.add_new(PIXELS, "OW", bytes(range(200)))
    return ds


def text_of(ds: Dataset, keyword: str) -> str:
    value = ds.get(keyword)
    return "" if value is None else str(value)


@given(
    data_sets(),
    st.fixed_dictionaries({}, optional=NEW),
    st.sampled_from([IMPLICIT, EXPLICIT, BIG]),
    st.lists(st.integers(1, 40), max_size=30),
)
def test_the_new_value_is_read_the_old_one_kept_and_the_rest_stays(
    ds: Dataset, asked: Mapping[str, str], syntax: TransferSyntax, sizes: list[int]
) -> None:
    before = encoded(ds, syntax)
    after = corrected(before, values(**asked), syntax, sizes)
    found, old = decoded(after, syntax), decoded(before, syntax)
    changed = {key: new for key, new in asked.items() if text_of(old, key) != new}
    for keyword, new in asked.items():
        assert text_of(found, keyword) == new
    former = len(old.get("OriginalAttributesSequence", []))
    items = found.get("OriginalAttributesSequence", [])
    assert len(items) == former + bool(changed)
    if changed:
        [modified] = items[-1].ModifiedAttributesSequence
        assert {each.keyword for each in modified} - {"SpecificCharacterSet"} == {*changed}
        for keyword in changed:
            assert text_of(modified, keyword) == text_of(old, keyword)
    untouched = raw_values(before, syntax).items() - {
        (tag, raw)
        for tag, raw in raw_values(before, syntax).items()
        if tag in {CHARSET, ORIGINAL, *(tag_of(keyword) for keyword in changed)}
    }
    assert untouched <= raw_values(after, syntax).items()
    if not changed:
        assert after == before


def test_a_data_set_that_is_deflated() -> None:
    before = encoded(_named("Doe"), EXPLICIT)
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = engine.compress(before) + engine.flush()
    after = corrected(deflated, values(PatientName="Roe"), DEFLATED, [5, 3])
    assert len(after) % 2 == 0
    assert inflate(after)[0] == corrected(before, values(PatientName="Roe"))
    with pytest.raises(ScanError, match="cut short"):
        corrected(deflated[:-4], values(PatientName="Roe"), DEFLATED)


def _named(name: str) -> Dataset:
    ds = Dataset()
    ds.PatientName = name
    return ds


def test_encapsulated_pixel_data_passes_as_it_is() -> None:
    fragments = item(b"") + item(b"\xff\xd8fragment\xff\xd9")
    pixels = sequence(PIXELS, fragments, vr="OB", is_undefined=True)
    before = element(NAME, "PN", b"Doe ") + pixels
    after = corrected(before, values(PatientName="Roe^A"), known("1.2.840.10008.1.2.4.50"))
    assert after.endswith(pixels)
    assert after.startswith(element(NAME, "PN", b"Roe^A "))


def test_times_of_correction_have_items_of_their_own() -> None:
    before = element(DATE, "DA", b"20260101") + element(NAME, "PN", b"Doe ")
    asked = [*values(LATER, PatientName="Roe"), *values(StudyDate="20260202")]
    first, second = decoded(corrected(before, asked), EXPLICIT).OriginalAttributesSequence
    assert first.AttributeModificationDateTime == MOMENT
    assert first.ModifiedAttributesSequence[0].StudyDate == "20260101"
    assert second.AttributeModificationDateTime == LATER
    assert second.ModifiedAttributesSequence[0].PatientName == "Doe"
    assert (first.ModifyingSystem, first.ReasonForTheAttributeModification) == ("pacsd", "CORRECT")


def test_group_lengths_of_what_changes_go() -> None:
    group_length = element(0x00100000, "UL", b"\x0c\0\0\0")
    other = element(0x00200000, "UL", b"\0\0\0\0") + element(0x00200013, "IS", b"1 ")
    identifying = element(0x00080000, "UL", b"\0\0\0\0") + element(DATE, "DA", b"20260101")
    before = identifying + group_length + element(NAME, "PN", b"Doe ") + other
    after = corrected(before, values(PatientName="Roe"))
    assert after.startswith(identifying + element(NAME, "PN", b"Roe ") + other)
    after = corrected(before, values(PatientName="Röe"))
    assert 0x00080000 not in raw_values(after, EXPLICIT)


def test_characters_that_no_set_here_holds_are_left_and_named() -> None:
    before = element(CHARSET, "CS", b"GBK ") + element(NAME, "PN", b"Doe ")
    corrector = Corrector(EXPLICIT, values(PatientName="\U0001f600", StudyDate="20260101"))
    after = b"".join([*corrector.feed(before), *corrector.finish()])
    assert corrector.left == (NAME,)
    found = decoded(after, EXPLICIT)
    assert (found.PatientName, found.StudyDate) == ("Doe", "20260101")


def test_an_element_that_comes_twice_is_there_once() -> None:
    name = element(NAME, "PN", b"Doe ")
    after = corrected(name + element(DATE, "DA", b"20260101") + name, values(PatientName="Roe"))
    assert after.count(struct_of("Roe ")) == 1
    assert decoded(after, EXPLICIT).OriginalAttributesSequence


STRAY = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
LATE = element(0x05000010, "LO", b"ab")
PIXEL_ELEMENT = element(PIXELS, "OW", bytes(10))


def test_a_delimiter_that_ends_nothing_passes_and_ends_nothing() -> None:
    references = sequence(0x00081110, item(element(0x00081155, "UI", b"1.2\0")))
    before = references + STRAY + element(NAME, "PN", b"Doe ") + PIXEL_ELEMENT
    after = corrected(before, values(PatientName="Roe"), EXPLICIT, [3, 9])
    assert after.startswith(references + STRAY + element(NAME, "PN", b"Roe "))
    assert after.endswith(PIXEL_ELEMENT)
    assert read_data_set(after, EXPLICIT).texts(NAME) == ["Roe"]


def test_what_is_out_of_order_before_the_sequence_is_corrected_all_the_same() -> None:
    before = element(NAME, "PN", b"Doe ") + element(DATE, "DA", b"20260101") + PIXEL_ELEMENT
    found = read_data_set(corrected(before, values(StudyDate="20260202")), EXPLICIT)
    assert (found.texts(NAME), found.texts(DATE)) == (["Doe"], ["20260202"])


FORMER = sequence(ORIGINAL, b"")
UNICODE = element(CHARSET, "CS", b"ISO_IR 192")


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        (LATE + element(NAME, "PN", b"Doe ") + PIXEL_ELEMENT, "0010,0010"),
        (element(NAME, "PN", b"Doe ") + LATE + element(NAME, "PN", b"Doe "), "0010,0010"),
        (FORMER + element(NAME, "PN", b"Doe "), "0010,0010"),
        (LATE + FORMER, "0400,0561"),
        (FORMER + FORMER, "0400,0561"),
        (LATE + UNICODE, "0008,0005"),
        (element(DATE, "DA", b"20260101") + UNICODE, "0008,0005"),
        (element(NAME, "PN", b"Doe ") + UNICODE, "0008,0005"),
    ],
)
def test_what_comes_too_late_to_be_corrected_is_refused(data: bytes, tag: str) -> None:
    """Whoever reads it takes what comes last: the new value would not be seen."""
    with pytest.raises(ScanError, match=rf"\({tag}\): out of order"):
        corrected(data, values(PatientName="Röe"))


def test_what_comes_late_but_is_not_asked_for_passes() -> None:
    late = LATE + element(DATE, "DA", b"20260101") + sequence(0x52009229, b"", is_undefined=True)
    after = corrected(
        element(NAME, "PN", b"Doe ") + late + PIXEL_ELEMENT, values(PatientName="Roe")
    )
    assert after.startswith(element(NAME, "PN", b"Roe "))
    assert after.endswith(late + PIXEL_ELEMENT)


def test_of_two_character_sets_the_last_one_counts() -> None:
    sets = element(CHARSET, "CS", b"ISO_IR 100") + UNICODE
    after = corrected(sets + element(NAME, "PN", "Dö ".encode()), values(PatientName="山田"))
    assert after.startswith(sets + element(NAME, "PN", "山田".encode()))
    after = corrected(sets + element(NAME, "PN", "Dö ".encode()), values(PatientName="Dö"))
    assert after == sets + element(NAME, "PN", "Dö ".encode())


def test_what_is_cut_short_behind_leaves_as_it_came() -> None:
    cut = LATE + element(0x7FE00001, "OV", b"", length=8)
    after = corrected(element(NAME, "PN", b"Doe ") + cut, values(PatientName="Roe"))
    assert after.endswith(cut)
    cut = element(ORIGINAL, "SQ", b"", length=8)
    with pytest.raises(ScanError, match="ends within an element"):
        corrected(element(NAME, "PN", b"Doe ") + cut, values(PatientName="Roe"))


def struct_of(name: str) -> bytes:
    return element(NAME, "PN", name.encode())


def test_the_sum_of_odd_lengths_stays() -> None:
    """Whoever sends a data set knows from its length whether it breaks PS3.5 section 7.1.1."""
    before = element(NAME, "PN", b"Doe") + element(DESCRIPTION + 0x100000, "LO", b"x")
    for new in ("Roe", "Roes", ""):
        assert len(corrected(before, values(PatientName=new))) % 2 == len(before) % 2


@pytest.mark.parametrize("tag", [0x00420011, 0x30060001])
def test_long_values_pass_without_being_kept(tag: int) -> None:
    """On either side of Original Attributes Sequence."""
    before = element(NAME, "PN", b"Doe ") + element(tag, "OB", bytes(3 * MAX_HELD_BYTES))
    corrector = Corrector(EXPLICIT, values(PatientName="Roe"))
    out = 0
    for at in range(0, len(before), 65_536):
        out += sum(map(len, corrector.feed(before[at : at + 65_536])))
        assert at - out < 65_536


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (element(NAME, "PN", b"Doe", length=10), "ends within an element"),
        (element(NAME, "PN", b"Doe ") + element(DESCRIPTION, "LO", b"x", length=9), "ends within"),
        (element(NAME, "UN", b"", length=UNDEFINED), "cannot be corrected"),
        (element(NAME, "UN", b"", length=MAX_HELD_BYTES + 2), "cannot be corrected"),
        (sequence(0x00081115, b"junkjunk", is_undefined=True), "no such element"),
    ],
)
def test_what_cannot_be_read_is_not_corrected(data: bytes, rule: str) -> None:
    with pytest.raises(ScanError, match=rule):
        corrected(data, values(PatientName="Roe"))


def test_nothing_is_added_to_an_empty_one_but_what_is_asked() -> None:
    assert corrected(b"", values(PatientName="")) == b""
    found = decoded(corrected(b"", values(PatientName="Roe")), EXPLICIT)
    assert found.PatientName == "Roe"


@given(st.binary(max_size=300), st.sampled_from([IMPLICIT, EXPLICIT, BIG]))
def test_any_junk_is_corrected_or_refused(data: bytes, syntax: TransferSyntax) -> None:
    try:
        corrected(data, values(PatientName="Roe"), syntax, [7, 1])
    except ScanError:
        return


def test_every_object_of_the_corpus_reads_as_it_did_but_for_what_is_corrected() -> None:
    asked = values(PatientName="Röe^Jane", StudyDate="", ImageComments="corrected")
    ours = {CHARSET, ORIGINAL, *(each.tag for each in asked)}
    for each in objects():
        plain = EXPLICIT if each.syntax.is_deflated else each.syntax
        after = corrected(each.inflated, asked, plain, [4_096, 7], 1 << 20)
        found = lines(after, plain)
        assert rest(found, ours) == rest(lines(each.inflated, plain), ours), each.path
        # Of one whose Pixel Data has no end pydicom reads nothing at all.
        assert not found or ((COMMENTS,), "LT", b"corrected") in found, each.path
        assert len(after) % 2 == len(each.inflated) % 2, each.path
        tail = each.inflated[-8:]
        assert after.endswith(tail) or PIXELS not in {path[0] for path, _, _ in found}


def rest(found: list[Line], without: set[int]) -> list[Line]:
    return [line for line in found if line[0][0] not in without]


def top_level(data: bytes, syntax: TransferSyntax) -> dict[int, bytes]:
    """The values outside sequences, those of sequences as they are written."""
    found = scan(data, syntax)
    return {
        each.tag: data[each.offset : each.offset + each.length] for each in found.elements.values()
    }


def test_only_what_may_change_does() -> None:
    """Of elements outside sequences, in every object of the corpus."""
    asked = values(PatientName="Röe^Jane", StudyDate="", ImageComments="corrected")
    changed = set()
    for each in objects():
        plain = EXPLICIT if each.syntax.is_deflated else each.syntax
        before, after = each.inflated, corrected(each.inflated, asked, plain, (), 1 << 20)
        old, new = top_level(before, plain), top_level(after, plain)
        differing = {tag for tag in old.keys() | new.keys() if old.get(tag) != new.get(tag)}
        assert all(may_change(tag, asked) for tag in differing), each.path
        changed |= differing
    assert {CHARSET, NAME, DATE, COMMENTS, ORIGINAL} <= changed


def test_nothing_changes_where_nothing_is_corrected() -> None:
    asked = values(PatientName="Roe")
    for tag in (CHARSET, NAME, ORIGINAL, 0x00080000, 0x00080001, 0x00100000):
        assert may_change(tag, asked)
        assert not may_change(tag, [])
    for tag in (DATE, DESCRIPTION, 0x00100020, PIXELS):
        assert not may_change(tag, asked)
