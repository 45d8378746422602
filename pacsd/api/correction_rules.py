"""What may be corrected, and to what: text of the data set itself, by VR (PS3.5 section 6.2).

What says which object it is, whose it is, or how its pixels and bytes are to be read stays as it
came: correcting that would make another object of it.
"""

from collections.abc import Iterator
from itertools import chain

from pacsd.dicom.dictionary import DataElement, data_element, keyword_of
from pacsd.dicom.level import Level
from pacsd.dicom.level_attributes import level_of
from pacsd.dicom.original_attributes import ORIGINAL_ATTRIBUTES_SEQUENCE
from pacsd.dicom.tag import Tag, format_tag, is_private
from pacsd.dicom.value_rules import is_printable, rules_of_text
from pacsd.dicom.vr import VR, is_text

MAX_CHARACTERS = 10_240
"""Of a value: in Unicode it has room in a record of the state log and in any length field."""

MAX_REASON_CHARACTERS = 1_024

_FIRST_OF_DATA_SET = 0x00080006
_DIGITAL_SIGNATURES_GROUP = 0x0400
_IMAGE_PIXEL_GROUP = 0x0028
_IDENTITY = frozenset({0x00100020, 0x00100021, 0x00100022})
_TIMEZONE_OFFSET_FROM_UTC = 0x00080201
# Query/Retrieve Level and what stands beside it, and what is counted over what hangs below.
_OF_QUERIES = frozenset({
    0x00080052, 0x00080053, 0x00080054, 0x00080056, 0x00080061,
    0x00201200, 0x00201202, 0x00201204, 0x00201206, 0x00201208, 0x00201209,
})  # fmt: skip
# Of Type 1 wherever they stand outside sequences (PS3.3 sections C.7.3.1, C.8.6.1, C.17.2, C.17.3
# and C.24.2): Modality, Conversion Type, Completion and Verification Flag, Value Type, MIME Type of
# Encapsulated Document; and of most images Image Type.
_NEVER_EMPTY = frozenset({
    0x00080008, 0x00080060, 0x00080064, 0x00420012, 0x0040A040, 0x0040A491, 0x0040A493,
})  # fmt: skip
_NUMBERS = frozenset({VR.DS, VR.IS})


class NotCorrectable(Exception):
    """A correction breaks a rule; the text names the attribute and the rule, never the value."""


def check_correction(level: Level, tag: Tag, value: str) -> None:
    """See that an attribute may be corrected at a level, to this value.

    Raises:
        NotCorrectable: it may not.
    """
    row = data_element(tag)
    of_value = () if row is None else _rules_of_value(row, value)
    for rule in chain(_rules_of_attribute(level, tag), of_value):
        raise NotCorrectable(f"{keyword_of(tag) or 'attribute'} {format_tag(tag)}: {rule}")


def check_correctable(tag: Tag) -> None:
    """See that an attribute may be corrected at all, to some value, at the level it belongs to.

    Raises:
        NotCorrectable: it may not.
    """
    for rule in _rules_of_attribute(level_of_correction(tag), tag):
        raise NotCorrectable(f"{keyword_of(tag) or 'attribute'} {format_tag(tag)}: {rule}")


def check_reason(reason: str) -> None:
    """See that a reason is given, and fits.

    Raises:
        NotCorrectable: it does not.
    """
    if not reason.strip() or not is_printable(reason) or len(reason) > MAX_REASON_CHARACTERS:
        raise NotCorrectable(
            f"a reason must be given, in 1 to {MAX_REASON_CHARACTERS} printable characters"
        )


def _rules_of_attribute(level: Level, tag: Tag) -> Iterator[str]:
    """What speaks against it; the first one counts."""
    row = data_element(tag)
    if is_private(tag) or row is None:
        yield "only attributes of PS3.6 are corrected"
        return
    vr = row.vrs[0]
    if vr == VR.UI:
        yield "UIDs are not corrected: they say which object it is"
    if tag in _IDENTITY:
        yield "whose it is, is not corrected: another Patient ID or issuer is another patient"
    if vr == VR.SQ:
        yield "sequences are not corrected"
    if tag < _FIRST_OF_DATA_SET or tag in _OF_QUERIES:
        yield "it is none of a stored data set"
    if tag == _TIMEZONE_OFFSET_FROM_UTC:
        yield "all times of the data set hang on it, so it is not corrected"
    if tag >> 16 == _IMAGE_PIXEL_GROUP:
        yield "the description of pixels is not corrected (PS3.3 section C.7.6.3)"
    if tag >> 16 == _DIGITAL_SIGNATURES_GROUP or tag > ORIGINAL_ATTRIBUTES_SEQUENCE:
        yield (
            "only what stands before Original Attributes Sequence (0400,0561) is corrected, and "
            "no digital signature"
        )
    if not is_text(vr):
        yield f"only text is corrected, and VR {vr} is none"
    yield from _rules_of_level(level, tag)


def _rules_of_level(level: Level, tag: Tag) -> Iterator[str]:
    own = level_of_correction(tag)
    if own is not level:
        yield f"it belongs to the {own.name.lower()}, not to the {level.name.lower()}"


def _rules_of_value(row: DataElement, value: str) -> Iterator[str]:
    """What speaks against it; the first one counts."""
    if len(value) > MAX_CHARACTERS:
        yield f"the value is longer than {MAX_CHARACTERS} characters"
    values = value.split("\\") if value else ()
    # Of numbers that mean something together, such as a position, none may be missing.
    are_one = row.vrs[0] in _NUMBERS and row.multiplicity.isdigit() and row.multiplicity != "1"
    if not value and (row.tag in _NEVER_EMPTY or are_one):
        yield "it must have a value"
    yield from rules_of_text(row, value)
    if are_one and not all(values):
        yield f"each of its {row.multiplicity} values must be given"


def level_of_correction(tag: Tag) -> Level:
    """The level that an attribute is corrected at: a patient's through one of its studies."""
    return max(level_of(tag), Level.STUDY)
