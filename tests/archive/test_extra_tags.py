import pytest

from pacsd.archive.attributes import Attributes
from pacsd.archive.extra_tags import NO_EXTRA_TAGS, ExtraTags
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.index.attributes import Level
from pacsd.index.records import ExtraTag, ExtraTagState
from tests.dicom.written import element

SPECIES, CREATOR, PRIVATE = 0x00102201, "ACME 1.1", 0x00091001


def chosen(tag: int, creator: str = "", vr: str = "LO") -> ExtraTag:
    return ExtraTag(7, Level.INSTANCE, tag, creator, vr, ExtraTagState.COMPLETE, 0, 0)


def values(
    tags: ExtraTags, *elements: tuple[int, str, bytes], syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN
) -> dict[int, str]:
    syntax = known_syntax(syntax_uid)
    stream = HeaderStream(syntax)
    stream.feed(b"".join(element(tag, vr, value, syntax) for tag, vr, value in elements))
    stream.end()
    header = stream.header()
    return tags.values(header, Attributes(header, syntax))


@pytest.mark.parametrize("syntax_uid", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
def test_a_standard_tag(syntax_uid: str) -> None:
    tags = ExtraTags((chosen(SPECIES),))
    assert values(tags, (SPECIES, "LO", b"Canis "), syntax_uid=syntax_uid) == {7: "Canis"}
    assert values(tags, (0x00100020, "LO", b"77"), syntax_uid=syntax_uid) == {}


@pytest.mark.parametrize("syntax_uid", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
@pytest.mark.parametrize("block", [0x10, 0xA7])
def test_a_private_tag_in_whatever_block_it_lies(syntax_uid: str, block: int) -> None:
    tags = ExtraTags((chosen(0x00090001, CREATOR, "SH"),))
    creator = (0x00090000 | block, "LO", CREATOR.encode())
    value = (0x00090001 | block << 8, "SH", b"blue")
    assert values(tags, creator, value, syntax_uid=syntax_uid) == {7: "blue"}


def test_the_same_number_of_another_creator_is_another_tag() -> None:
    tags = ExtraTags((chosen(0x00090001, CREATOR),))
    assert values(tags, (0x00090010, "LO", b"OTHER "), (PRIVATE, "SH", b"blue")) == {}
    assert values(tags, (PRIVATE, "SH", b"blue")) == {}


def test_without_any_nothing_is_read() -> None:
    assert values(NO_EXTRA_TAGS, (SPECIES, "LO", b"Canis ")) == {}
