"""What an instance brought, as text of one column: for those that hang in no series."""

import json
from collections.abc import Mapping, Sequence

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index.attributes import TAGS
from pacsd.index.overlay_records import Correction
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


def pack_coercions(coercions: Sequence[Correction]) -> str:
    """Corrections of an instance that wait for it to be shown, '' for none."""
    if not coercions:
        return ""
    rows = [
        {
            "level": each.level.value,
            "uid": each.uid,
            "tag": f"{each.tag:08x}",
            "value": each.value,
            "actor": each.actor,
            "reason": each.reason,
            "at_us": each.at_us,
            "sha256": each.sha256.hex(),
        }
        for each in coercions
    ]
    return json.dumps(rows, separators=(",", ":"))


def unpack_coercions(packed: str) -> tuple[Correction, ...]:
    """The way back from `pack_coercions`."""
    return tuple(
        Correction(
            Level(row["level"]),
            row["uid"],
            int(row["tag"], 16),
            row["value"],
            row["actor"],
            row["reason"],
            row["at_us"],
            bytes.fromhex(row["sha256"]),
        )
        for row in (json.loads(packed) if packed else ())
    )


def _packed(values: Mapping[str, str]) -> str:
    short = {name: storable(value) for name, value in values.items()}
    return json.dumps(short, separators=(",", ":"))
