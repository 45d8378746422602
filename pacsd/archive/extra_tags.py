"""The tags that a user chose to have indexed beside ours, read of each object's header."""

from collections.abc import Sequence
from dataclasses import replace

from pacsd.archive.attributes import Attributes
from pacsd.archive.register import Register, RegisterInFront
from pacsd.dicom.errors import DicomError
from pacsd.dicom.header_stream import DataSetHeader
from pacsd.dicom.private import private_tag
from pacsd.dicom.stored_header import decode_header, header_syntax
from pacsd.dicom.tag import Tag, element, group
from pacsd.index.records import ExtraTag, NewInstance, Verdict


class ExtraTags:
    """Reads the chosen tags; standard ones, and private ones by their creator."""

    def __init__(self, chosen: Sequence[ExtraTag] = ()) -> None:
        self._chosen = tuple(chosen)

    def __len__(self) -> int:
        return len(self._chosen)

    def values(self, stored_header: bytes) -> dict[int, str]:
        """The text of each chosen tag that has a value, by `ExtraTag.id`.

        Raises:
            ScanError: the bytes are no header.
        """
        header = decode_header(stored_header).read()
        attributes = Attributes(header, header_syntax(header.layout))
        found = ((extra.id, _text(extra, header, attributes)) for extra in self._chosen)
        return {id_: text for id_, text in found if text}


class TaggingRegister(RegisterInFront):
    """A register that gets the chosen tags with each instance. Costs nothing where none are."""

    def __init__(self, register: Register, tags: ExtraTags) -> None:
        super().__init__(register)
        self._tags = tags

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group in one transaction; see `Register`."""
        if self._tags:
            group = [replace(new, extras=self._values(new.header)) for new in group]
        return await self._register.add(group)

    def _values(self, stored_header: bytes) -> dict[int, str]:
        """The chosen tags; none where a header is too odd to be read again, which fails nobody."""
        try:
            return self._tags.values(stored_header)
        except DicomError:
            return {}


def _text(extra: ExtraTag, header: DataSetHeader, attributes: Attributes) -> str:
    tag = _tag(extra, header)
    return "" if tag is None else attributes.text(tag, extra.vr)


def _tag(extra: ExtraTag, header: DataSetHeader) -> Tag | None:
    """Where the object has the element: a private one's block is the object's own choice."""
    if not extra.private_creator:
        return extra.tag
    number = element(extra.tag) & 0xFF
    return private_tag(group(extra.tag), extra.private_creator, number, header.elements, header.raw)
