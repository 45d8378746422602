"""Records of the state log: what was decided about a stored data set, one JSON object each.

And what happened to its file, where the files alone do not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import orjson

from pacsd.archive.seen import Seen


class Action(StrEnum):
    """What was decided."""

    DELETE = "delete"
    """The instance is taken out of sight; its file stays."""
    RESTORE = "restore"
    """It is there again."""
    PURGE = "purge"
    """It is gone for good, and its file."""
    DISCARD = "discard"
    """A version in quarantine is given up, and its file."""
    RELEASE = "release"
    """A version in quarantine becomes the instance of its UID; the two change places."""
    REPAIR = "repair"
    """A new file took the place of a bad copy. Nobody decided that: the index knew it first."""
    CORRECT = "correct"
    """An attribute has another value wherever it leaves; no file changes."""
    SET_ASIDE = "set aside"
    """An instance on its way in is not shown until it is released: a plugin wants it so."""
    LABEL = "label"
    """A study has a label."""
    UNLABEL = "unlabel"
    """It has that label no more."""


class StateRecordError(Exception):
    """The state log holds what this pacsd does not understand; the text says what."""


@dataclass(frozen=True, slots=True)
class StateRecord:
    """One decision: when, by whom, and about which data set under a SOP Instance UID.

    `sha256` digests the data set; `key` is the store's key of its file where that never changes,
    as in quarantine. `seen_key` is the highest key of the partition that the index had: files
    with a higher one came later, and whoever tells the story again must not begin with them.
    `instead_of` is the key of the bad file that a repair replaced by that of `key`.

    Where there are several stores, `store` and `instead_of_store` name those of `key` and
    `instead_of`; '' is the first, in which the log lies. `seen_elsewhere` is for each other one
    what `seen_key` is for the first.

    A deletion says why, and by `level` and `uid` what was named. Of an instance that goes for good
    `former` is what the place of others hangs on (see `former`), '' where nothing does.

    A correction says which attribute it is about (`tag`, eight hexadecimal digits) and its `value`.
    `level` and `uid` say whose it is; it has a digest only if that is an instance. With a `key` it
    is a coercion: it came in with that file. Of what was set aside `value` says how.

    `uid` is the study that is labelled, `value` the label; there is no digest.
    """

    at_us: int
    actor: str
    action: Action
    partition: int
    sop_instance_uid: str
    sha256: bytes
    key: str = ""
    seen_key: str = ""
    instead_of: str = ""
    level: str = ""
    uid: str = ""
    tag: str = ""
    value: str = ""
    reason: str = ""
    former: str = ""
    store: str = ""
    instead_of_store: str = ""
    seen_elsewhere: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def seen(self) -> Seen:
        """The highest keys that the index had when it was decided."""
        return Seen(self.seen_key, self.seen_elsewhere)

    @property
    def stores(self) -> set[str]:
        """The names of all stores that it is about, but for the first."""
        return {self.store, self.instead_of_store, *self.seen_elsewhere} - {""}


def encode_record(record: StateRecord) -> bytes:
    """The record as a line of JSON, without the line feed."""
    values = {each.name: getattr(record, each.name) for each in fields(record)}
    said = {name: value for name, value in values.items() if value or name not in _OPTIONAL}
    return orjson.dumps(said | {"sha256": record.sha256.hex()})


def decode_record(line: bytes) -> StateRecord:
    """The record of a line.

    Raises:
        StateRecordError: it is none, or says more than this pacsd knows.
    """
    try:
        found: object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise StateRecordError(f"state log: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise StateRecordError("state log: a record is no JSON object")
    _check_fields(found)
    return StateRecord(
        **found | {"action": _action(found["action"]), "sha256": _digest(found["sha256"])}
    )


def _check_fields(found: Mapping[str, Any]) -> None:
    unknown = found.keys() - _TYPES.keys()
    if unknown:
        raise StateRecordError(f"state log: unknown field {min(unknown)!a}: a newer pacsd wrote it")
    for name, kind in _TYPES.items():
        if name not in found and name in _OPTIONAL:
            continue
        if name not in found:
            raise StateRecordError(f"state log: a record without {name}")
        if type(found[name]) is not kind:
            raise StateRecordError(f"state log: {name} is no {kind.__name__}")
    if not all(isinstance(key, str) for key in found.get("seen_elsewhere", {}).values()):
        raise StateRecordError("state log: seen_elsewhere is no dict of keys")


def _action(word: str) -> Action:
    try:
        return Action(word)
    except ValueError:
        text = f"state log: unknown action {word!a}: a newer pacsd wrote it"
        raise StateRecordError(text) from None


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise StateRecordError("state log: sha256 is not hexadecimal") from None


_OTHER_TYPES = {"at_us": int, "partition": int, "seen_elsewhere": dict}
_TYPES: Mapping[str, type] = {
    each.name: _OTHER_TYPES.get(each.name, str) for each in fields(StateRecord)
}
_OPTIONAL = frozenset(
    {
        "instead_of",
        "level",
        "uid",
        "tag",
        "value",
        "reason",
        "former",
        "store",
        "instead_of_store",
        "seen_elsewhere",
    }
)
"""Left out where they say nothing, as by every pacsd that did not know them yet."""
