from dataclasses import fields

from pacsd.api.events import EventKind
from pacsd.api.hooks import HOOKS
from pacsd.app.plugins.hooks import Hooks


def test_the_core_has_every_hook_there_is() -> None:
    events = {f"pacsd_{kind}" for kind in EventKind}
    assert {f"pacsd_{field.name}" for field in fields(Hooks)} - {"pacsd_events"} == {
        *HOOKS
    } - events
