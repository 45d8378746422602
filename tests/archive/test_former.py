from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from pacsd.api.state_log import MAX_RECORD_BYTES
from pacsd.api.store import Location
from pacsd.archive.former import Formers, decode_former, encode_former, purge_record
from pacsd.archive.places import Places
from pacsd.archive.state_records import Action, StateRecord, StateRecordError, encode_record
from pacsd.index.deletion_records import Due
from pacsd.index.records import NewInstance
from tests.archive.small_archive import SmallArchive

FIRST = StateRecord(7, "pacsd", Action.PURGE, 1, "", b"", seen_key="9")


async def record_of(archive: SmallArchive, uid: str, **changed: object) -> StateRecord:
    """Of an instance that begins its series."""
    new = replace(await archive.file(uid), **changed)  # type: ignore[arg-type]
    await archive.index.add([new])
    return purge_record(FIRST, Due(await archive.instance(uid), new))


async def test_a_record_has_what_others_hang_on(archive: SmallArchive) -> None:
    new = await archive.file("1.1")
    await archive.index.add([new])
    instance = await archive.instance("1.1")
    record = purge_record(FIRST, Due(instance, new))
    assert (record.sop_instance_uid, record.sha256, record.key) == (
        "1.1", new.copy.sha256, new.copy.key,
    )  # fmt: skip
    former = decode_former(record)
    assert replace(former, reception=new.reception, copy=new.copy, header=new.header) == replace(
        new, attributes={tag: value for tag, value in new.attributes.items() if value}
    )
    assert former.reception.received_at_us == new.reception.received_at_us
    assert former.copy.location == replace(new.copy.location, size_bytes=0)
    assert purge_record(FIRST, Due(instance, None)).former == ""


async def test_attributes_without_end_fit_in_a_record(archive: SmallArchive) -> None:
    tags = range(0x00100010, 0x00100060)
    record = await record_of(archive, "1.1", attributes=dict.fromkeys(tags, '"\\' * 512))
    assert len(encode_record(record)) <= MAX_RECORD_BYTES
    assert decode_former(record).study_instance_uid == "1.2.3"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at_us": "x"}', "no JSON"])
def test_what_is_no_instance(text: str) -> None:
    with pytest.raises(StateRecordError, match="a newer pacsd wrote it"):
        decode_former(replace(FIRST, former=text))


async def test_the_text_is_of_this_version(archive: SmallArchive) -> None:
    new = await archive.file("1.1")
    assert encode_former(new).startswith('{"sop_class_uid":')


async def listed(*keys: str) -> AsyncGenerator[Location, None]:
    for key in keys:
        yield Location("store", key, 1)


async def keys_among(formers: Formers, *keys: str) -> list[str]:
    return [
        f"former {each.copy.key}" if isinstance(each, NewInstance) else each.key
        async for each in formers.among(listed(*keys))
    ]


async def test_they_come_in_their_places(archive: SmallArchive) -> None:
    record = await record_of(archive, "1.1")
    records = [replace(record, key=key) for key in ("2", "4", "8")]
    records.append(replace(record, key="5", former=""))
    repair = replace(record, action=Action.REPAIR, key="8", instead_of="1", former="")
    formers = Formers(records, Places([repair]))
    assert await keys_among(formers, "3", "4", "6") == ["former 8", "former 2", "3", "4", "6"]
    assert await keys_among(formers) == ["former 8", "former 2", "former 4"]
