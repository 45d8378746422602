"""Attributes and values as rules write them, made into conditions of a query (PS3.4 C.2.2.2).

`{"Modality": ["CT"], "RequestAttributesSequence.RequestedProcedureID": ["T*"]}`: keywords or tags,
with dots between for items of sequences; of several values one is enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from pacsd.dicom.errors import IdentifierError
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.identifier import PATIENT_ROOT, Manner, read_query
from pacsd.dicom.level import Level
from pacsd.dicom.query import Condition, tags_of
from pacsd.dicom.query_keys import (
    QueryKeyError,
    encode_identifier,
    name_of,
    read_keys,
    tag_named,
)
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.tag import Tag

Keys: TypeAlias = Mapping[str, Sequence[str]]
"""Values by keyword, or by keywords with dots between for items of sequences."""

_SYNTAX = known_syntax(EXPLICIT_VR_LITTLE_ENDIAN)


def written_conditions(keys: Keys) -> Iterator[tuple[Condition, str]]:
    """The conditions, each of one attribute, and how they are written.

    Raises:
        ValueError: a key that cannot be matched; the text says which, and why not.
    """
    written = _by_attribute(keys)
    texts = [f"{name}={value}" for names in written.values() for name, value in names]
    try:
        identifier = encode_identifier(Level.STUDY, read_keys(texts), _SYNTAX)
        asked = read_query(identifier, _SYNTAX, PATIENT_ROOT, Manner(is_relational=True))
    except (QueryKeyError, IdentifierError) as error:
        raise ValueError(str(error)) from None
    conditions = {tag: each for each in asked.query.conditions for tag in tags_of(each)}
    for tag, names in written.items():
        if tag in asked.unmatched:
            raise ValueError(f"{name_of(tag)}: values of this kind cannot be matched")
        if tag not in conditions:
            why = "everything matches; leave it out, or write '\"\"' for no value"
            raise ValueError(f"{name_of(tag)}: {why}")
        yield conditions[tag], " and ".join(f"{name} = {value}" for name, value in names)


def _by_attribute(keys: Keys) -> dict[Tag, list[tuple[str, str]]]:
    """What is written, by the attribute outside of sequences: their items match as a whole."""
    found: dict[Tag, list[tuple[str, str]]] = {}
    for name, values in keys.items():
        try:
            tag = tag_named(name.partition(".")[0])
        except QueryKeyError as error:
            raise ValueError(str(error)) from None
        found.setdefault(tag, []).append((name, "\\".join(values)))
    return found
