"""What is to be retrieved: the unique keys of a level and those above (PS3.4 section C.4.2.2.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Key, QueryKeyError, encode_identifier, name_of, read_keys
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.text import printable
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.net.query_retrieve_scu import QueryModel

_LEVELS = {tag: level for level, tag in UNIQUE_KEYS.items()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Objects of a peer, by unique keys alone; the deepest key may have several values."""

    model: QueryModel
    level: Level
    keys: tuple[Key, ...]

    @property
    def is_relational(self) -> bool:
        """Whether a level above has no key, to which the peer has to agree (section C.5.2.1)."""
        given = {key.tag for key in self.keys}
        levels = (each for each in self.model.levels if each < self.level)
        return any(UNIQUE_KEYS[each] not in given for each in levels)

    def extended(self, sop_class_uid: str) -> Mapping[str, bytes]:
        """The extended negotiation to propose for C-MOVE or C-GET (PS3.4 table C.5-3)."""
        return {sop_class_uid: b"\1"} if self.is_relational else {}

    def values(self, level: Level) -> list[str]:
        """The values of the key of a level."""
        return [value for key in self.keys if key.tag == UNIQUE_KEYS[level] for value in key.values]

    def identifier(self, syntax: TransferSyntax) -> bytes:
        """The Identifier of a C-MOVE or C-GET."""
        return encode_identifier(self.level, self.keys, syntax)


def read_wanted(texts: Iterable[str], *, is_composite: bool = False) -> Wanted:
    """What these keys name; the deepest one says the level, a Patient ID the patient root.

    With `is_composite` it is retrieved by SOP Instance UIDs alone (PS3.4 annex Y).

    Raises:
        QueryKeyError: they name nothing, or in a manner in which nothing can be retrieved.
    """
    keys = read_keys(texts)
    for key in keys:
        _check(key)
    if not keys:
        names = ", ".join(map(name_of, UNIQUE_KEYS.values()))
        raise QueryKeyError(f"nothing is named: at least one of {names} is needed")
    level = max(_LEVELS[key.tag] for key in keys)
    for key in keys:
        _check_values(key, level)
    if is_composite:
        return Wanted(QueryModel.COMPOSITE_INSTANCE_ROOT, level, _of_instances(keys))
    is_by_patient = any(key.tag == UNIQUE_KEYS[Level.PATIENT] for key in keys)
    model = QueryModel.PATIENT_ROOT if is_by_patient else QueryModel.STUDY_ROOT
    return Wanted(model, level, keys)


def _of_instances(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """The one key that Composite Instance Root Retrieve has (PS3.4 section Y.3.2)."""
    unique = UNIQUE_KEYS[Level.INSTANCE]
    other = next((key for key in keys if key.tag != unique), None)
    if other is not None:
        text = f"{name_of(other.tag)}: no key of Composite Instance Root Retrieve"
        raise QueryKeyError(f"{text}, which takes SOPInstanceUID alone (PS3.4 section Y.3.2)")
    return keys


def _check(key: Key) -> None:
    if key.tag not in _LEVELS:
        names = ", ".join(map(name_of, UNIQUE_KEYS.values()))
        text = f"{name_of(key.tag)}: not a unique key; objects are retrieved by {names}"
        raise QueryKeyError(f"{text} (PS3.4 section C.6.1.1)")
    if not all(key.values) or not key.values:
        raise QueryKeyError(f"{name_of(key.tag)}: no value")


def _check_values(key: Key, level: Level) -> None:
    name, values = name_of(key.tag), key.values
    if _LEVELS[key.tag] is Level.PATIENT:
        wrong = next((each for each in values if set(each) & {"*", "?"}), None)
    else:
        wrong = next((each for each in values if not is_acceptable_uid(each)), None)
    if wrong is not None:
        raise QueryKeyError(f"{name}: '{printable(wrong)}' names no single one")
    if len(values) > 1 and (_LEVELS[key.tag] < level or level is Level.PATIENT):
        raise QueryKeyError(f"{name}: {len(values)} values, one is the most at level {level.term}")
