"""Files as the subjects of rules: each instance, and the series and studies that they make."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from pacsd.app import dicom_files
from pacsd.dicom.errors import DicomError
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.json_source import JsonSource
from pacsd.dicom.json_writer import JsonWriter
from pacsd.dicom.tag import Tag

MAX_HEADER_BYTES = 64 * 1024 * 1024
"""What stands further behind is not looked at."""

_STUDY_INSTANCE_UID: Tag = 0x0020000D
_SERIES_INSTANCE_UID: Tag = 0x0020000E
_MODALITY: Tag = 0x00080060
_PIXEL_DATA: Tag = 0x7FE00010


@dataclass(frozen=True, slots=True)
class Asked:
    """What the daemon is asked about a subject."""

    arguments: dict[str, Any]


@dataclass(slots=True)
class FileSubjects:
    """The subjects that files make, and what cannot be read."""

    subjects: list[Asked] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Gathered:
    """A series or study as far as it was read: the header of its first instance."""

    header: str
    size_bytes: int = 0
    modalities: set[str] = field(default_factory=set)


def subjects_of(paths: Iterable[Path]) -> FileSubjects:
    """The subjects of all these files and folders: instances, then series, then studies."""
    found = FileSubjects()
    series: dict[str, _Gathered] = {}
    studies: dict[str, _Gathered] = {}
    for file in dicom_files.find(paths):
        if isinstance(file, dicom_files.Skipped):
            continue
        if isinstance(file, dicom_files.Unreadable):
            found.unreadable.append((file.path, file.why))
            continue
        try:
            study, series_uid, modality, header = _header(file)
        except (DicomError, OSError) as error:
            found.unreadable.append((file.path, str(error)))
            continue
        size_bytes = file.path.stat().st_size
        found.subjects.append(_asked("instance_stored", _Gathered(header, size_bytes)))
        for gathered, uid in ((series, series_uid), (studies, study)):
            one = gathered.setdefault(uid, _Gathered(header))
            one.size_bytes += size_bytes
            one.modalities.add(modality)
    found.subjects += [_asked("series_quiet", each) for each in series.values()]
    found.subjects += [_asked("study_quiet", each) for each in studies.values()]
    return found


def _asked(kind: str, gathered: _Gathered) -> Asked:
    return Asked(
        {
            "kind": kind,
            "header": gathered.header,
            "size_bytes": gathered.size_bytes,
            "modalities": "\\".join(sorted(filter(None, gathered.modalities))),
        }
    )


def _header(file: dicom_files.DicomFile) -> tuple[str, str, str, str]:
    """Study, series and modality, and all but Pixel Data in the DICOM JSON Model."""
    with file.path.open("rb") as opened:
        opened.seek(file.data_set_offset)
        data = opened.read(MAX_HEADER_BYTES)
    syntax = known_syntax(file.transfer_syntax_uid)
    if syntax.is_deflated:
        data = bytes(Inflater(MAX_HEADER_BYTES, is_prefix=True).inflate(data))
    members = JsonWriter().members(data, syntax, stop_before=_PIXEL_DATA)
    written = b"{" + b",".join(members[tag] for tag in sorted(members)) + b"}"
    source = JsonSource(orjson.loads(written))
    tags = _STUDY_INSTANCE_UID, _SERIES_INSTANCE_UID, _MODALITY
    study, series, modality = ("".join(source.texts(tag)[:1]) for tag in tags)
    return study, series, modality, written.decode()
