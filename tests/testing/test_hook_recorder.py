from inspect import signature

import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.errors import HookError
from pacsd.api.hooks import HOOKS
from pacsd.api.vote import Deny
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_recorder import HookRecorder, RecordedCall
from pacsd.testing.hook_records import (
    CLOSED,
    REMOVAL,
    association_request,
    received_instance,
    removal_request,
)
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of


def test_it_implements_every_hook_with_all_its_arguments() -> None:
    traits = ObjectHome("recorder", HookRecorder()).hooks
    for name, specification in HOOKS.items():
        assert traits[name].parameters == tuple(signature(specification).parameters)


async def test_calls_are_written_down_in_their_order() -> None:
    recorder = HookRecorder()
    request, instance = association_request(), received_instance()
    hooks = hooks_of(recorder)
    assert await hooks.association_requested(request=request) is None
    assert await hooks.instance_received(instance) == []
    await hooks.association_closed(closed=CLOSED)
    assert recorder.calls == [
        RecordedCall("pacsd_association_requested", {"request": request}),
        RecordedCall("pacsd_instance_received", {"instance": instance}),
        RecordedCall("pacsd_association_closed", {"closed": CLOSED}),
    ]
    assert recorder.calls_of("pacsd_association_closed") == [{"closed": CLOSED}]


async def test_it_answers_as_told() -> None:
    store, no = MemoryStore(), Refusal(1, 1, 3, "no")
    answers = {
        "pacsd_association_requested": no,
        "pacsd_blob_store": store,
        "pacsd_before_delete": Deny("kept"),
    }
    hooks = hooks_of(HookRecorder(answers))
    assert await hooks.association_requested(request=association_request()) == no
    assert await hooks.blob_store("acme") is store
    assert await hooks.before_delete(request=removal_request()) == Deny("kept")


async def test_it_raises_as_told() -> None:
    recorder = HookRecorder({"pacsd_before_delete": OSError("down")})
    with pytest.raises(HookError, match="raised OSError: down"):
        await call_hook(recorder, "pacsd_before_delete", request=REMOVAL)
    assert len(recorder.calls) == 1


def test_an_answer_to_no_hook_is_refused() -> None:
    with pytest.raises(LookupError, match="pacsd_x: there is no such hook"):
        HookRecorder({"pacsd_x": None})
