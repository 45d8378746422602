from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.hooks import HOOKS


def test_every_kind_has_its_hook() -> None:
    assert {f"pacsd_{kind}" for kind in EventKind} <= {*HOOKS}


def test_an_event_is_a_value() -> None:
    event = ArchiveEvent("a-1", EventKind.STUDY_QUIET, 5, "1.2", "", "")
    assert event == ArchiveEvent("a-1", EventKind.STUDY_QUIET, 5, "1.2", "", "")
