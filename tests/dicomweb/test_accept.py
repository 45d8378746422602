import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.accept import MAX_RANGES, Choice, Representation, choose
from pacsd.dicomweb.errors import BadRequest, DicomWebError, NotAcceptable

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
JPEG_2000 = "1.2.840.10008.1.2.4.90"

DICOM = Representation("application/dicom", True, IMPLICIT, (EXPLICIT,))
ALONE = Representation("application/dicom", False, IMPLICIT, (EXPLICIT,))
INSTANCE = (DICOM, ALONE)
BULK = Representation("application/octet-stream", True, EXPLICIT)
FRAMES = (BULK, Representation("image/jp2", True, JPEG_2000))
JSON = Representation("application/dicom+json", False)
XML = Representation("application/dicom+xml", True)
METADATA = (JSON, XML)
COMPRESSED = Representation("application/dicom", True, JPEG_2000)


@pytest.mark.parametrize(
    ("offers", "headers", "expected"),
    [
        (INSTANCE, [], (DICOM, EXPLICIT)),
        (INSTANCE, ["*/*"], (DICOM, EXPLICIT)),
        (INSTANCE, ["multipart/*"], (DICOM, EXPLICIT)),
        (INSTANCE, ["multipart/related"], (DICOM, EXPLICIT)),
        (INSTANCE, ['multipart/related; type="application/dicom"'], (DICOM, EXPLICIT)),
        (INSTANCE, ["Multipart/Related; Type=Application/DICOM"], (DICOM, EXPLICIT)),
        (INSTANCE, ["multipart/related; type=application/*"], (DICOM, EXPLICIT)),
        (
            INSTANCE,
            ["multipart/related; type=application/dicom; transfer-syntax=*"],
            (DICOM, IMPLICIT),
        ),
        (INSTANCE, ["application/dicom"], (ALONE, EXPLICIT)),
        (INSTANCE, ["application/*"], (ALONE, EXPLICIT)),
        (INSTANCE, [f"application/dicom; transfer-syntax={IMPLICIT}"], (ALONE, IMPLICIT)),
        (INSTANCE, [f'application/dicom; transfer-syntax="{EXPLICIT}"'], (ALONE, EXPLICIT)),
        (INSTANCE, ["application/dicom; charset=utf-8"], (ALONE, EXPLICIT)),
        # Equals: as the client orders them, in one header or in several.
        (INSTANCE, ["application/dicom, multipart/related"], (ALONE, EXPLICIT)),
        (INSTANCE, ["multipart/related", "application/dicom"], (DICOM, EXPLICIT)),
        (INSTANCE, ["multipart/related; q=0.5", "application/dicom;q=0.6"], (ALONE, EXPLICIT)),
        (INSTANCE, ["text/html, application/xhtml+xml, */*;q=0.8"], (DICOM, EXPLICIT)),
        (
            INSTANCE,
            [f"application/dicom; transfer-syntax={JPEG_2000}, application/dicom;q=0.1"],
            (ALONE, EXPLICIT),
        ),
        # What says more closely what it is about has the word.
        (INSTANCE, ["*/*, multipart/related;q=0"], (ALONE, EXPLICIT)),
        (INSTANCE, ["*/*;q=0, application/dicom"], (ALONE, EXPLICIT)),
        (INSTANCE, ["*/*;q=0.9, multipart/related;q=0.1"], (ALONE, EXPLICIT)),
        (
            INSTANCE,
            [f"application/dicom;q=0.2, application/dicom;transfer-syntax={IMPLICIT}"],
            (ALONE, IMPLICIT),
        ),
        (FRAMES, ["multipart/related; type=image/jp2"], (FRAMES[1], JPEG_2000)),
        (FRAMES, ["multipart/related; type=image/*"], (FRAMES[1], JPEG_2000)),
        (
            FRAMES,
            ["multipart/related; type=application/octet-stream; transfer-syntax=*"],
            (BULK, EXPLICIT),
        ),
        (
            FRAMES,
            ["multipart/related; type=image/jls, multipart/related; type=image/jp2;q=0.3"],
            (FRAMES[1], JPEG_2000),
        ),
        ((COMPRESSED,), ["multipart/related; type=application/dicom"], (COMPRESSED, JPEG_2000)),
        (METADATA, ["application/dicom+json"], (JSON, "")),
        (METADATA, [f"application/dicom+json; transfer-syntax={EXPLICIT}"], (JSON, "")),
        (METADATA, ['multipart/related; type="application/dicom+xml"'], (XML, "")),
        (METADATA, ["application/json, */*"], (JSON, "")),
        # What is no media range is passed over.
        (METADATA, ["dicom+json, ;;, */*;q=much, application/dicom+json"], (JSON, "")),
    ],
)
def test_choices(
    offers: tuple[Representation, ...], headers: list[str], expected: tuple[Representation, str]
) -> None:
    assert choose(offers, headers) == Choice(*expected)


@pytest.mark.parametrize(
    ("offers", "headers"),
    [
        (INSTANCE, [""]),
        (INSTANCE, ["image/jpeg"]),
        (INSTANCE, ["*/*;q=0"]),
        (INSTANCE, ["application/dicom;q=0"]),
        (INSTANCE, ["multipart/form-data"]),
        (INSTANCE, ["multipart/mixed; type=application/dicom"]),
        (INSTANCE, ["multipart/related; type=image/jpeg"]),
        ((DICOM,), ["application/dicom"]),
        (METADATA, ["multipart/related; type=application/dicom+json"]),
    ],
)
def test_nothing_fits(offers: tuple[Representation, ...], headers: list[str]) -> None:
    with pytest.raises(NotAcceptable, match=r"^Accept: .* takes no representation"):
        choose(offers, headers)


def test_w15_a_transfer_syntax_that_is_not_there() -> None:
    for syntax in (JPEG_2000, "1.2.3", "<script>"):
        with pytest.raises(NotAcceptable, match=r'are multipart/related; type="application/dicom"'):
            choose(INSTANCE, [f"application/dicom; transfer-syntax={syntax}"])


def test_the_parameter_goes_before_the_header() -> None:
    xml = 'multipart/related; type="application/dicom+xml"'
    assert choose(METADATA, ["application/dicom+json"], [xml]).representation == XML
    assert choose(METADATA, ["application/dicom+json"], ["text/html"]).representation == JSON
    with pytest.raises(NotAcceptable):
        choose(METADATA, [], ["text/html"])


def test_a_plus_that_became_a_space() -> None:
    assert choose(METADATA, ["image/png"], ["application/dicom json"]) == Choice(JSON, "")


def test_many_ranges_are_refused() -> None:
    assert choose(METADATA, [",".join(["a/b"] * (MAX_RANGES - 1) + ["*/*"])]).representation == JSON
    for header in (",".join(["a/b"] * (MAX_RANGES + 1)), "a/b;" * 10_000):
        with pytest.raises(BadRequest, match=r"^Accept: "):
            choose(METADATA, [header])


@pytest.mark.parametrize("piece", ['"', '\\"', "a/b;", "=", ";", " ", 'x="', "a/b;x=", "\\"])
def test_the_worst_header_takes_no_time(piece: str) -> None:
    started = time.perf_counter()
    with suppress(DicomWebError):
        choose(INSTANCE, [piece * (8_000 // len(piece))])
    assert time.perf_counter() - started < 0.5


@given(st.lists(st.text(st.sampled_from('aq/;=" \\,*01.')), max_size=3))
def test_any_header_is_a_choice_or_refused(headers: list[str]) -> None:
    with suppress(DicomWebError):
        assert choose(INSTANCE, headers).transfer_syntax in {EXPLICIT, IMPLICIT}
