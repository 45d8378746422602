"""Names made of UIDs: where the file of an instance lies, as a layout says (`{study}/...`).

Of an instance only its UIDs take part, and only as digits and dots: no name leads elsewhere.
"""

import re

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
    if "{instance}" not in folders[-1]:
        return f"'{shown}' gives all instances one name: its last part needs {{instance}}"
    return ""


def name_of(layout: str, study_uid: str, series_uid: str, instance_uid: str) -> str:
    """The name of an instance, by a layout without a problem.

    Raises:
        UIDError: a UID is none: it does not become a part of a name.
    """
    uids = {
        "study": check_uid(study_uid, "Study Instance UID"),
        "series": check_uid(series_uid, "Series Instance UID"),
        "instance": check_uid(instance_uid, "SOP Instance UID"),
    }
    return layout.format_map(uids)
