import subprocess
import sys

import pytest
from pydicom.datadict import (
    DicomDictionary,
    RepeatersDictionary,
    dictionary_has_tag,
    dictionary_keyword,
    dictionary_VM,
    dictionary_VR,
)

from contrib.registry import generate
from pacsd.dicom.dictionary import (
    MAX_KEYWORD_LENGTH,
    data_element,
    keyword_meant,
    keyword_of,
    keywords,
    tag_of,
    vr_of,
)
from pacsd.dicom.vr import VR

# Items and delimiters have rows, but no VR (PS3.5 section 7.5).
ROWS = {tag for tag, (vr, *_, keyword) in DicomDictionary.items() if keyword and vr != "NONE"}


def test_generated_rows_are_current() -> None:
    committed = generate.ROOM / "_dictionary_data.py"
    assert committed.read_text(encoding="utf-8") == generate.render_dictionary()


def test_every_row_is_the_standards() -> None:
    assert len(ROWS) > 5000
    for tag in ROWS:
        row = data_element(tag)
        assert row is not None, hex(tag)
        assert row.tag == tag
        assert " or ".join(row.vrs) == dictionary_VR(tag)
        assert row.multiplicity == dictionary_VM(tag)
        assert row.keyword == keyword_of(tag) == dictionary_keyword(tag)
        assert tag_of(row.keyword) == tag


def test_repeating_groups_and_elements() -> None:
    for mask, (vr, _, _, _, keyword) in RepeatersDictionary.items():
        tag = int(mask.replace("x", "2"), 16)
        assert keyword_of(tag) == keyword or not dictionary_has_tag(tag)
        row = data_element(tag)
        assert row is not None
        assert " or ".join(row.vrs) == vr
        assert tag_of(keyword) is None


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00100010, VR.PN),
        (0x7FE00010, VR.OW),  # OB or OW
        (0x00280106, VR.US),  # US or SS
        (0x00283006, VR.OW),  # US or OW
        (0x60020010, VR.US),  # a repeating group
        (0x60030010, VR.LO),  # a private group, that of a creator
        (0x00080000, VR.UL),
        (0x00090000, VR.UL),
        (0x00090010, VR.LO),
        (0x000900FF, VR.LO),
        (0x00091000, None),
        (0x00080002, None),
        (0xFFFEE000, None),
    ],
)
def test_the_vr_in_implicit_vr(tag: int, vr: VR | None) -> None:
    assert vr_of(tag) == vr


def test_unknown_keywords() -> None:
    assert tag_of("patientName") is None
    assert keyword_of(0x00091000) is None


def test_rows_are_read_when_they_are_needed() -> None:
    code = (
        "import sys, pacsd.dicom.walk, pacsd.dicom.dictionary as d\n"
        "before = 'pacsd.dicom._dictionary_data' in sys.modules\n"
        "d.vr_of(0x00100010)\n"
        "print(before, 'pacsd.dicom._dictionary_data' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]


def test_every_keyword_has_a_tag() -> None:
    assert len(keywords()) == len(ROWS)
    assert all(tag_of(keyword) is not None for keyword in keywords())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("PatientNam", "PatientName"),
        ("patientname", "PatientName"),
        ("StudyInstanceUid", "StudyInstanceUID"),
        ("", None),
        ("%%", None),
        ("P" * 60_000, None),
    ],
)
def test_the_keyword_that_was_meant(text: str, meant: str | None) -> None:
    assert keyword_meant(text) == meant


def test_no_keyword_is_too_long_to_be_looked_for() -> None:
    assert max(map(len, keywords())) < MAX_KEYWORD_LENGTH
