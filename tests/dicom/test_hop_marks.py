import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pacsd.dicom.errors import ScanError
from pacsd.dicom.hop_marks import CONTRIBUTING_EQUIPMENT_SEQUENCE, Trail, encode_trail, read_trail
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.by_pydicom import UNCOMPRESSED, decoded, encoded, keys
from tests.dicom.written import EXPLICIT, IMPLICIT, element, item, sequence

MARKS = ("2.25.11", "2.25.7", "2.25.9")


def data_set(syntax: TransferSyntax, *equipment: Dataset) -> bytes:
    made = keys(
        SOPInstanceUID="1.2.3", PatientName="A^B", StudyInstanceUID="1.2", AccessionNumber="7"
    )
    if equipment:
        made.ContributingEquipmentSequence = list(equipment)
    return encoded(made, syntax)


def equipment(manufacturer: str, uid: str, code: str = "109103", scheme: str = "DCM") -> Dataset:
    purpose = keys(CodeValue=code, CodingSchemeDesignator=scheme, CodeMeaning="Something")
    made = keys(Manufacturer=manufacturer, DeviceUID=uid, InstitutionName="Somewhere")
    made.PurposeOfReferenceCodeSequence = [purpose]
    return made


def read(raw: bytes, syntax: TransferSyntax = EXPLICIT) -> Trail:
    return read_trail(raw, syntax, is_whole=True)


def with_marks(raw: bytes, syntax: TransferSyntax, *marks: str) -> bytes:
    trail = read(raw, syntax)
    return raw[: trail.start] + encode_trail(trail, marks) + raw[trail.end :]


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_marks_as_pydicom_reads_them(syntax: TransferSyntax) -> None:
    raw = data_set(syntax)
    assert read(raw, syntax).marks == ()
    made = with_marks(raw, syntax, *MARKS)
    found = decoded(made, syntax)
    first = found.ContributingEquipmentSequence[0]
    assert [each.keyword for each in first] == [
        "Manufacturer",
        "DeviceUID",
        "PurposeOfReferenceCodeSequence",
    ]
    [purpose] = first.PurposeOfReferenceCodeSequence
    assert (first.Manufacturer, first.DeviceUID) == ("pacsd", "2.25.11")
    assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("109103", "DCM")
    assert purpose.CodeMeaning == "Modifying Equipment"
    del found.ContributingEquipmentSequence
    assert encoded(found, syntax) == raw
    assert read(made, syntax).marks == MARKS


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_equipment_of_others_stays_before_the_marks(syntax: TransferSyntax) -> None:
    scanner, ours = equipment("ACME", "2.25.1"), equipment("pacsd", "2.25.2")
    raw = data_set(syntax, ours, scanner)
    assert read(raw, syntax).marks == ("2.25.2",)
    found = decoded(with_marks(raw, syntax, "2.25.3"), syntax)
    other, mark = found.ContributingEquipmentSequence
    assert other == scanner
    assert mark.DeviceUID == "2.25.3"
    assert "InstitutionName" not in mark


@pytest.mark.parametrize(
    "other",
    [
        equipment("ACME", "2.25.1"),
        equipment("pacsd", "2.25.1", code="109104"),
        equipment("pacsd", "2.25.1", scheme="99ACME"),
        equipment("pacsd", "1.2.840.1"),
        equipment("pacsd", "2.25.x"),
        equipment("pacsd", "2.25.1\\2.25.2"),
        equipment("pacsd", ""),
        Dataset(),
    ],
)
def test_what_is_no_mark_passes_as_it_is(other: Dataset) -> None:
    raw = data_set(EXPLICIT, other)
    assert read(raw).marks == ()
    assert read(raw).others in raw
    assert with_marks(raw, EXPLICIT) == raw


def mark_item(syntax: TransferSyntax, uid: bytes, *, is_undefined: bool) -> bytes:
    code = element(0x00080100, "SH", b"109103", syntax) + element(0x00080102, "SH", b"DCM ", syntax)
    purpose = sequence(0x0040A170, item(code, syntax), syntax)
    named = element(0x00080070, "LO", b"pacsd ", syntax) + element(0x00181002, "UI", uid, syntax)
    return item(named + purpose, syntax, is_undefined=is_undefined)


@pytest.mark.parametrize("is_undefined", [False, True])
@pytest.mark.parametrize(("vr", "inside"), [("SQ", EXPLICIT), ("UN", IMPLICIT)])
def test_sequences_in_whatever_way_they_are_written(
    vr: str, inside: TransferSyntax, *, is_undefined: bool
) -> None:
    other = item(element(0x00080070, "LO", b"ACME", inside), inside, is_undefined=is_undefined)
    items = other + mark_item(inside, b"2.25.15\0", is_undefined=is_undefined)
    written = sequence(
        CONTRIBUTING_EQUIPMENT_SEQUENCE, items, EXPLICIT, vr=vr, is_undefined=is_undefined
    )
    behind = element(0x0020000D, "UI", b"1.2\0")
    raw = element(0x00080018, "UI", b"1.23") + written + behind
    trail = read(raw)
    assert trail.marks == ("2.25.15",)
    assert trail.others == other
    assert raw[trail.end :] == behind
    made = with_marks(raw, EXPLICIT, "2.25.15", "2.25.16")
    assert read(made).marks == ("2.25.15", "2.25.16")
    assert made.endswith(behind)
    assert with_marks(made, EXPLICIT, "2.25.15") == with_marks(raw, EXPLICIT, "2.25.15")


def test_a_place_that_is_not_among_the_first_bytes() -> None:
    raw = data_set(EXPLICIT, equipment("pacsd", "2.25.2"))
    trail = read(raw)
    for end in (trail.start - 2, trail.start, trail.start + 12, trail.end - 2):
        with pytest.raises(ScanError, match=r"place of \(0018,A001\) is not within the first"):
            read_trail(raw[:end], EXPLICIT, is_whole=False)
    assert read_trail(raw[: trail.end + 16], EXPLICIT, is_whole=False).marks == ("2.25.2",)


def test_more_items_than_are_looked_at() -> None:
    raw = element(CONTRIBUTING_EQUIPMENT_SEQUENCE, "SQ", item(b"") * 65_537)
    with pytest.raises(ScanError, match="more items and elements"):
        read(raw)


@given(
    uids=st.lists(st.integers(0, (1 << 128) - 1), max_size=20),
    makers=st.lists(st.sampled_from(["ACME", "pacsd"]), max_size=4),
    syntax=st.sampled_from(UNCOMPRESSED),
)
def test_marks_are_read_as_they_were_written(
    uids: list[int], makers: list[str], syntax: TransferSyntax
) -> None:
    raw = data_set(syntax, *(equipment(maker, "2.25.1") for maker in makers))
    marks = tuple(f"2.25.{uid}" for uid in uids)
    made = with_marks(raw, syntax, *marks)
    assert read(made, syntax).marks == marks
    assert read(raw, syntax).marks == ("2.25.1",) * makers.count("pacsd")
    assert decoded(made, syntax).PatientName == "A^B"
