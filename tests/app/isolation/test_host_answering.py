import inspect
from dataclasses import replace

import pytest

from pacsd.api.errors import PluginError
from pacsd.api.host import HostError, Jobs, Values
from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.host_answering import METHODS, handlers_of, through_loop
from tests.app.isolation.homes import host_of
from tests.app.isolation.keeping import MemoryJobs, MemoryValues
from tests.app.isolation.recording_logger import RecordingLogger


def test_everything_that_a_host_has_can_be_asked_for() -> None:
    ports = {"values": Values, "jobs": Jobs}
    named = {
        f"{port}.{name}"
        for port, protocol in ports.items()
        for name, _ in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    }
    assert named == {*METHODS}


async def test_what_crosses_is_json() -> None:
    host = replace(host_of(RecordingLogger()), values=MemoryValues(), jobs=MemoryJobs())
    handlers = handlers_of(host)
    assert await handlers["values.put"](["k", "AP8="]) is None
    assert await handlers["values.get"](["k"]) == "AP8="
    assert await handlers["values.keys"](["", ""]) == ["k"]
    assert await handlers["jobs.enqueue"](["name", "", "", 0.5]) == 7


@pytest.mark.parametrize("raw", [None, [], ["k", "k"], [7], {"key": "k"}])
async def test_p06_what_is_no_argument_is_refused(raw: object) -> None:
    with pytest.raises(Misfit):
        await handlers_of(host_of(RecordingLogger()))["values.get"](raw)


async def test_what_the_host_refuses_is_told_as_it_is() -> None:
    with pytest.raises(PluginError, match="there is no daemon that keeps anything"):
        await handlers_of(host_of(RecordingLogger()))["values.get"](["k"])


async def test_without_a_loop_nothing_is_asked() -> None:
    with pytest.raises(HostError, match="there is no daemon yet"):
        await through_loop(host_of(RecordingLogger()), lambda: None)("values.get", ("k",))
