from dataclasses import fields

import pytest

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.hooks import HOOKS

EVENT = ArchiveEvent("e-1", EventKind.INSTANCE_STORED, 7, "1.2", "1.2.3", "1.2.3.4")


def test_an_event_is_a_value() -> None:
    assert ArchiveEvent("e-1", EventKind("instance_stored"), 7, "1.2", "1.2.3", "1.2.3.4") == EVENT
    with pytest.raises(AttributeError):
        EVENT.event_id = "e-2"  # type: ignore[misc]


def test_kinds_are_their_words() -> None:
    assert [str(kind) for kind in EventKind] == [kind.name.lower() for kind in EventKind]
    assert [each.name for each in fields(ArchiveEvent)][:3] == ["event_id", "kind", "at_us"]


def test_every_kind_has_its_hook() -> None:
    assert {f"pacsd_{kind}" for kind in EventKind} <= {*HOOKS}
