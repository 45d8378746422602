"""Files as the subjects of rules: each instance, and the series and studies that they make."""

import json
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pacsd.app import dicom_files

LONGEST_VALUE_BYTES = 1_024
"""What is longer is bulk data, by which nothing goes anywhere."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What the daemon is asked about a subject."""

    arguments: dict[str, Any]


@dataclass(slots=True)
class TestedFiles:
    """The subjects that files make, and what cannot be read."""

    subjects: list[Tested] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Gathered:
    """A series or study as far as it was read: the header of its first instance."""

    header: str
    size_bytes: int = 0
    modalities: set[str] = field(default_factory=set)


def tested(paths: Iterable[Path]) -> TestedFiles:
    """The subjects of all these files and folders: instances, then series, then studies."""
    found = TestedFiles()
    series: dict[str, _Gathered] = {}
    studies: dict[str, _Gathered] = {}
    for file in dicom_files.find(paths):
        if isinstance(file, dicom_files.Skipped):
            continue
        if isinstance(file, dicom_files.Unreadable):
            found.unreadable.append((file.path, file.why))
            continue
        try:
            values, header = _header(file.path)
        except Exception as error:  # noqa: BLE001 - pydicom says with any what it cannot read
            found.unreadable.append((file.path, str(error)))
            continue
        size_bytes = file.path.stat().st_size
        found.subjects.append(_tested("instance_stored", _Gathered(header, size_bytes)))
        for gathered, uid in ((series, values[1]), (studies, values[0])):
            one = gathered.setdefault(uid, _Gathered(header))
            one.size_bytes += size_bytes
            one.modalities.add(values[2])
    found.subjects += [_tested("series_quiet", each) for each in series.values()]
    found.subjects += [_tested("study_quiet", each) for each in studies.values()]
    return found


def _tested(kind: str, gathered: _Gathered) -> Tested:
    return Tested(
        {
            "kind": kind,
            "header": gathered.header,
            "size_bytes": gathered.size_bytes,
            "modalities": "\\".join(sorted(filter(None, gathered.modalities))),
        }
    )


def _header(path: Path) -> tuple[tuple[str, str, str], str]:
    """Study, series and modality, and the header as JSON; by pydicom, which takes what is odd."""
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        header = read.to_json_dict(
            bulk_data_threshold=LONGEST_VALUE_BYTES,
            bulk_data_element_handler=lambda _: "bulkdata/",
            suppress_invalid_tags=True,
        )
        named = ("StudyInstanceUID", "SeriesInstanceUID", "Modality")
        study, series, modality = (str(read.get(name, "")) for name in named)
    return (study, series, modality), json.dumps(header)
