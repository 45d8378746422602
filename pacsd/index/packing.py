"""What an instance brought, as text of one column: for those that hang in no series."""

import json
from collections.abc import Mapping

from pacsd.dicom.tag import Tag
from pacsd.index.attributes import TAGS
from pacsd.index.text import storable


def pack_attributes(attributes: Mapping[Tag, str]) -> str:
    """The indexed attributes as a JSON object, by tags of eight hexadecimal digits."""
    found = {f"{tag:08x}": attributes.get(tag) for tag in sorted(TAGS)}
    return _packed({tag: value for tag, value in found.items() if value})


def unpack_attributes(packed: str) -> dict[Tag, str]:
    """The way back from `pack_attributes`."""
    return {int(tag, 16): value for tag, value in json.loads(packed).items()}


def pack_extras(extras: Mapping[int, str]) -> str:
    """Values of user-chosen tags as a JSON object, by our numbers of the tags."""
    return _packed({str(tag): value for tag, value in extras.items()})


def unpack_extras(packed: str) -> dict[int, str]:
    """The way back from `pack_extras`."""
    return {int(tag): value for tag, value in json.loads(packed).items()}


def _packed(values: Mapping[str, str]) -> str:
    short = {name: storable(value) for name, value in values.items()}
    return json.dumps(short, separators=(",", ":"))
