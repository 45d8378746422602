from dataclasses import replace

import pytest

from pacsd.archive.extra_tags import ExtraTags, TaggingRegister
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.level import Level
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.stored_header import encode_header
from pacsd.index.records import ExtraTag, ExtraTagState, NewInstance
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_stored_file import REQUEST, stored
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
    return tags.values(encode_header(stream.header()))


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


async def new_instance(species: str) -> NewInstance:
    store = MemoryStore()
    data = data_set({"PatientSpeciesDescription": species})
    return await read_stored(store, await stored(store, encode_preface(REQUEST) + data))


async def test_each_instance_gets_its_values_on_its_way_to_the_index() -> None:
    register = MemoryRegister()
    tagging = TaggingRegister(register, ExtraTags((chosen(SPECIES),)))
    await tagging.add([await new_instance("Canis")])
    [kept] = register.instances.values()
    assert kept.extras == {7: "Canis"}
    assert await tagging.highest_keys("memory", 5) == ["00000001"]


async def test_without_chosen_tags_nothing_is_read() -> None:
    register = MemoryRegister()
    new = await new_instance("Canis")
    await TaggingRegister(register, ExtraTags()).add([new])
    assert [*register.instances.values()] == [new]


async def test_a_conflict_is_withdrawn_through_it() -> None:
    register = MemoryRegister()
    tagging = TaggingRegister(register, ExtraTags())
    await tagging.add([await new_instance("Canis")])
    [verdict] = await tagging.add([await new_instance("Felis")])
    assert verdict.quarantined is not None
    assert verdict.existing is not None
    await tagging.withdraw(1, verdict.quarantined, verdict.existing)
    assert register.quarantined == {}


async def test_a_header_that_cannot_be_read_again_costs_its_values_only() -> None:
    register = MemoryRegister()
    tagging = TaggingRegister(register, ExtraTags((chosen(SPECIES),)))
    odd = replace(await new_instance("Canis"), header=b"no header")
    await tagging.add([odd])
    [kept] = register.instances.values()
    assert kept.extras == {}
