"""The tags that a user chose to have indexed beside ours, read of each object."""

from collections.abc import Sequence

from pacsd.archive.attributes import Attributes
from pacsd.dicom.header_stream import DataSetHeader
from pacsd.dicom.private import private_tag
from pacsd.dicom.tag import Tag, element, group
from pacsd.index.records import ExtraTag


class ExtraTags:
    """Reads the chosen tags; standard ones, and private ones by their creator."""

    def __init__(self, chosen: Sequence[ExtraTag] = ()) -> None:
        self._chosen = tuple(chosen)

    def values(self, header: DataSetHeader, attributes: Attributes) -> dict[int, str]:
        """The text of each chosen tag that has a value, by `ExtraTag.id`."""
        found = ((extra.id, _text(extra, header, attributes)) for extra in self._chosen)
        return {id_: text for id_, text in found if text}


NO_EXTRA_TAGS = ExtraTags()


def _text(extra: ExtraTag, header: DataSetHeader, attributes: Attributes) -> str:
    tag = _tag(extra, header)
    return "" if tag is None else attributes.text(tag, extra.vr)


def _tag(extra: ExtraTag, header: DataSetHeader) -> Tag | None:
    """Where the object has the element: a private one's block is the object's own choice."""
    if not extra.private_creator:
        return extra.tag
    number = element(extra.tag) & 0xFF
    return private_tag(group(extra.tag), extra.private_creator, number, header.elements, header.raw)
