"""Where in a folder the file of an instance lies."""

from pathlib import PurePosixPath

from pacsd.api.instances import InstanceFacts
from pacsd.dicom import uid_layout
from pacsd.dicom.text import printable


def layout_problem(layout: str) -> str:
    """Why a layout cannot be used, "" if it can."""
    if layout.startswith(".incoming"):
        shown = printable(layout)
        return f"'{shown}' begins with .incoming, where files lie that are not whole yet"
    return uid_layout.layout_problem(layout)


def place_of(layout: str, facts: InstanceFacts) -> PurePosixPath:
    """Where the file of an instance lies, relative to the folder.

    Raises:
        UIDError: a UID is none: it does not become a part of a path.
    """
    uids = (facts.study_instance_uid, facts.series_instance_uid, facts.sop_instance_uid)
    return PurePosixPath(uid_layout.name_of(layout, *uids))
