"""Where in a folder the file of an instance lies. Of an instance only its UIDs take part."""

import re
from pathlib import PurePosixPath

from pacsd.api.instances import InstanceFacts
from pacsd.dicom.text import printable
from pacsd.dicom.uid import check_uid

_ALLOWED = re.compile(r"(?:[A-Za-z0-9_.-]|/|\{study\}|\{series\}|\{instance\})+")
_DOTS = frozenset({"", ".", ".."})


def layout_problem(layout: str) -> str:
    """Why a layout cannot be used, "" if it can."""
    shown = printable(layout)
    if not _ALLOWED.fullmatch(layout):
        return f"'{shown}' has more than letters, digits, _ - . / {{study}} {{series}} {{instance}}"
    folders = layout.split("/")
    if any(each in _DOTS for each in folders):
        return f"'{shown}' has an empty name, or one of dots, in it"
    if folders[0].startswith(".incoming"):
        return f"'{shown}' begins with .incoming, where files lie that are not whole yet"
    if "{instance}" not in folders[-1]:
        return f"'{shown}' gives all instances one name: its last part needs {{instance}}"
    return ""


def place_of(layout: str, facts: InstanceFacts) -> PurePosixPath:
    """Where the file of an instance lies, relative to the folder.

    Raises:
        UIDError: a UID is none: it does not become a part of a path.
    """
    uids = {
        "study": check_uid(facts.study_instance_uid, "Study Instance UID"),
        "series": check_uid(facts.series_instance_uid, "Series Instance UID"),
        "instance": check_uid(facts.sop_instance_uid, "SOP Instance UID"),
    }
    return PurePosixPath(layout.format_map(uids))
