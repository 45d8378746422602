"""Keys of directory records, taken from the header of an instance (PS3.3 section F.5).

A key of Type 1 must have a value, yet many an instance has none. Then one is made up, and counted:
without it readers refuse the whole directory. Of a UID or a sequence nobody can make one up: these
stay empty.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from pacsd.dicom.answer import AnswerWriter, Field, field_of
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET, DataSet
from pacsd.dicom.directory_records import DirectoryKey, RecordType
from pacsd.dicom.headers import EXPLICIT_LITTLE
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.registry import sop_class
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

MAX_CONTENT_ITEMS = 100
"""Of a sequence in a record; so many are far more than any that is meant to be chosen by."""


_RELATIONSHIP_TYPE: Tag = 0x0040A010
_VERIFYING_OBSERVER_SEQUENCE: Tag = 0x0040A073
_VERIFICATION_DATE_TIME: Tag = 0x0040A030
_CONTENT_SEQUENCE: Tag = 0x0040A730
_SOP_CLASS_UID: Tag = 0x00080016

_REFERENCED_SERIES = ReturnKey(
    0x00081115,
    VR.SQ,
    (
        ReturnKey(0x0020000E, VR.UI),
        ReturnKey(0x00081140, VR.SQ, (ReturnKey(0x00081150, VR.UI), ReturnKey(0x00081155, VR.UI))),
    ),
)
_PARTS: Mapping[Tag, tuple[ReturnKey, ...]] = {
    _REFERENCED_SERIES.tag: _REFERENCED_SERIES.keys,
    0x00700402: (ReturnKey(0x00700405, VR.CS), ReturnKey(0x0020000D, VR.UI), _REFERENCED_SERIES),
}
"""Of these sequences a record has what refers to other instances, but no tables of pixel values."""

# Of the series, the acquisition, the content and the creation of the instance.
_OTHER_DATES: tuple[Tag, ...] = (0x00080021, 0x00080022, 0x00080023, 0x00080012)
_OTHER_TIMES: tuple[Tag, ...] = (0x00080031, 0x00080032, 0x00080033, 0x00080013)
_SOURCES_OF_ALL = {SPECIFIC_CHARACTER_SET, _SOP_CLASS_UID, *_OTHER_DATES, *_OTHER_TIMES}
_INSTEAD: Mapping[VR, tuple[tuple[Tag, ...], str]] = {
    VR.DA: (_OTHER_DATES, "19000101"),
    VR.TM: (_OTHER_TIMES, "000000"),
    VR.CS: ((), "UNKNOWN"),
    VR.US: ((), "0"),
    VR.UL: ((), "0"),
}
# Where values are Enumerated or Defined Terms, one of them; of flags that which claims nothing
# (PS3.3 sections C.7.3.1.1.1, C.17.2 and C.8.14.1). There is one frame at least.
_TERMS: Mapping[str, str] = {
    "Modality": "OT",
    "CompletionFlag": "PARTIAL",
    "VerificationFlag": "UNVERIFIED",
    "ImageType": "ORIGINAL\\PRIMARY",
    "NumberOfFrames": "1",
}
_MIME_TYPE = "MIMETypeOfEncapsulatedDocument"
# What PS3.3 section A.45 and section A.85 have each SOP Class encapsulate.
_MIME_TYPES: Mapping[str, str] = {
    "EncapsulatedPDFStorage": "application/pdf",
    "EncapsulatedCDAStorage": "text/XML",
    "EncapsulatedSTLStorage": "model/stl",
    "EncapsulatedOBJStorage": "model/obj",
    "EncapsulatedMTLStorage": "model/mtl",
}
_ANY_BYTES = "application/octet-stream"
_PREFIX_LENGTH = 2


@lru_cache(maxsize=64)
def sources_of(kind: RecordType) -> frozenset[Tag]:
    """The attributes of an instance that its keys are taken from, if it has them."""
    tags = {key.tag for key in kind.keys} | _SOURCES_OF_ALL
    if _VERIFICATION_DATE_TIME in tags:
        tags.add(_VERIFYING_OBSERVER_SEQUENCE)
    return frozenset(tags)


class KeyWriter:
    """Writes the keys of records; `made_up` counts by keyword what had to be made up."""

    def __init__(self) -> None:
        self.made_up: Counter[str] = Counter()
        self._writers: dict[tuple[str, bytes], AnswerWriter] = {}

    def write(self, kind: RecordType, header: DataSet, name: str) -> bytes:
        """The keys of one record, in Explicit VR Little Endian (PS3.10 section 8.6).

        `name` is the last component of its File ID, or of the folder that stands for it. Text is
        in the instance's own character set, or in Unicode where that cannot hold it.
        """
        charset = header.raw(SPECIFIC_CHARACTER_SET).strip()
        writer = self._writers.get((kind.term, charset))
        if writer is None:
            keys = [ReturnKey(key.tag, key.vr) for key in kind.keys]
            writer = AnswerWriter(keys, EXPLICIT_LITTLE, charset)
            self._writers[kind.term, charset] = writer
        return writer.write(dict(self._values(kind, header, name)))

    def _values(self, kind: RecordType, header: DataSet, name: str) -> Iterator[tuple[Tag, Field]]:
        for key in kind.keys:
            field = _value(key, header)
            if field is None and key.is_type_1:
                field = _made_up(key, header, name)
                if field is not None:
                    self.made_up[key.keyword] += 1
            if field is not None:
                yield key.tag, field
            elif not key.is_optional:
                yield key.tag, Field(key.vr, () if key.vr == VR.SQ else "")


def _value(key: DirectoryKey, header: DataSet) -> Field | None:
    """The value of a key; None where the instance has none."""
    if key.tag == _VERIFICATION_DATE_TIME:
        return _last_verification(header)
    field = field_of(header, key.tag, _PARTS.get(key.tag, ()))
    content = "" if field is None else field.content
    if key.vr == VR.SQ and isinstance(content, tuple):
        if key.tag == _CONTENT_SEQUENCE:
            content = tuple(filter(_modifies_concept, content))
        content = content[:MAX_CONTENT_ITEMS]
    elif key.vr == VR.SQ or not isinstance(content, str):
        return None  # not written as what it is
    return Field(key.vr, content) if content else None


def _modifies_concept(item: Mapping[Tag, Field]) -> bool:
    """Whether a Content Item modifies the document's title (PS3.3 table F.5-25)."""
    relationship = item.get(_RELATIONSHIP_TYPE)
    return relationship is not None and relationship.content == "HAS CONCEPT MOD"


def _last_verification(header: DataSet) -> Field | None:
    """The most recent one of all observers (PS3.3 table F.5-25)."""
    observers = header.items(_VERIFYING_OBSERVER_SEQUENCE)
    moments = [text for each in observers for text in each.texts(_VERIFICATION_DATE_TIME)]
    return Field(VR.DT, max(moments)) if moments else None


def _made_up(key: DirectoryKey, header: DataSet, name: str) -> Field | None:
    """A value for a key that has none; None where nobody could make one up.

    Names and numbers are those of the File ID, which tell records apart; dates are those of
    something later in the same study.
    """
    if key.keyword in _TERMS:
        return Field(key.vr, _TERMS[key.keyword])
    if key.keyword == _MIME_TYPE:
        return Field(key.vr, _mime_type(header))
    if key.vr == VR.IS:
        return Field(key.vr, str(int(name[_PREFIX_LENGTH:])))
    if key.vr in {VR.LO, VR.SH}:
        return Field(key.vr, name)
    if key.vr not in _INSTEAD:
        return None
    others, last = _INSTEAD[key.vr]
    found = (text for tag in others for text in header.texts(tag))
    return Field(key.vr, next(found, last))


def _mime_type(header: DataSet) -> str:
    """What documents of this SOP Class are."""
    known = [sop_class(uid) for uid in header.texts(_SOP_CLASS_UID)]
    keywords = (each.keyword for each in known if each is not None)
    return next((_MIME_TYPES[each] for each in keywords if each in _MIME_TYPES), _ANY_BYTES)
