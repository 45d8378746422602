"""What was purged, as far as the place of other instances hangs on it, kept in the state log.

Whoever came first gave its study a patient and its series their attributes, and made a conflict of
what came later under its UID. An index that is made anew is told of it in its place, and then that
it is gone. So the log keeps what identifies a patient of some instances whose files are gone:
of the first one of a series, each time that the first ones go, and of those with others in
quarantine.
"""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import replace

import orjson

from pacsd.api.reception import Reception
from pacsd.api.state_log import MAX_RECORD_BYTES
from pacsd.api.store import Location
from pacsd.archive.places import Place, Places
from pacsd.archive.state_records import Action, StateRecord, StateRecordError
from pacsd.dicom.tag import Tag
from pacsd.index.deletion_records import Due
from pacsd.index.records import NewCopy, NewInstance

_MAX_ATTRIBUTES = MAX_RECORD_BYTES // 4
"""Characters of one record: quotes and backslashes are escaped twice."""

_NAMES = (
    "sop_class_uid",
    "transfer_syntax_uid",
    "study_instance_uid",
    "series_instance_uid",
    "patient_id",
    "issuer_of_patient_id",
)


def purge_record(
    first: StateRecord, due: Due, in_log: Callable[[str], str] = lambda _: ""
) -> StateRecord:
    """The record of an instance that goes, with the facts of this one.

    `in_log` says how the log names a store.
    """
    copy = due.instance.copies[0]
    return replace(
        first,
        sop_instance_uid=due.instance.sop_instance_uid,
        sha256=copy.sha256,
        key=copy.location.key,
        store=in_log(copy.location.store),
        former=encode_former(due.former) if due.former else "",
    )


def encode_former(instance: NewInstance) -> str:
    """An instance as text for its record; attributes that would make it too long are left out."""
    said = {name: getattr(instance, name) for name in _NAMES}
    attributes, left = {}, _MAX_ATTRIBUTES
    for tag, value in sorted(instance.attributes.items()):
        left -= len(orjson.dumps(value)) if value else 0
        if value and left > 0:
            attributes[f"{tag:08X}"] = value
    received_at_us = instance.reception.received_at_us
    store = instance.copy.store
    everything = {**said, "store": store, "at_us": received_at_us, "attributes": attributes}
    return orjson.dumps(everything).decode()


def decode_former(record: StateRecord) -> NewInstance:
    """The instance that a record is about.

    Raises:
        StateRecordError: it does not say it as we do.
    """
    try:
        said = orjson.loads(record.former)
        reception = Reception(record.partition, "", "", "", int(said["at_us"]), "dimse")
        attributes: dict[Tag, str] = {
            int(tag, 16): str(value) for tag, value in said["attributes"].items()
        }
        return NewInstance(
            reception=reception,
            sop_instance_uid=record.sop_instance_uid,
            attributes=attributes,
            copy=NewCopy(str(said["store"]), record.key, 0, 0, record.sha256),
            sop_class_uid=str(said["sop_class_uid"]),
            transfer_syntax_uid=str(said["transfer_syntax_uid"]),
            study_instance_uid=str(said["study_instance_uid"]),
            series_instance_uid=str(said["series_instance_uid"]),
            patient_id=str(said["patient_id"]),
            issuer_of_patient_id=str(said["issuer_of_patient_id"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        text = f"state log: {record.former[:40]!a} is no instance: a newer pacsd wrote it"
        raise StateRecordError(text) from None


class Formers:
    """What was purged, by the places that it had. `in_log` says how the log names a store."""

    def __init__(
        self,
        records: Iterable[StateRecord],
        places: Places,
        in_log: Callable[[str], str] = lambda _: "",
    ) -> None:
        purged = (each for each in records if each.action is Action.PURGE and each.former)
        self._places = places
        self._in_log = in_log
        self._by_place = sorted(
            ((places.place_of(each.key, each.store), decode_former(each)) for each in purged),
            key=lambda placed: placed[0],
        )

    async def among(
        self, locations: AsyncGenerator[Location, None], of: str = ""
    ) -> AsyncGenerator[Location | NewInstance, None]:
        """Locations that come by rising place in the store `of`, and in between what was purged.

        Of a file that is still there nothing is said: it says it itself.
        """
        waiting = deque(each for each in self._by_place if each[0].store == of)
        async with aclosing(locations):
            async for location in locations:
                file = Place(self._in_log(location.store), location.key)
                place = self._places.place_of(file.key, file.store)
                while waiting and waiting[0][0] <= place:
                    _, former = waiting.popleft()
                    if Place(self._in_log(former.copy.store), former.copy.key) != file:
                        yield former
                yield location
        for _, former in waiting:
            yield former
