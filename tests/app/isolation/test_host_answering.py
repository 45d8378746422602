import inspect
from pathlib import Path

import pytest

from pacsd.api.audit import Audit
from pacsd.api.errors import PluginError
from pacsd.api.host import HostError, Jobs, Values
from pacsd.api.instances import Instances
from pacsd.api.keys import Keys
from pacsd.api.labels import Labels
from pacsd.app.isolation.channel import Handler
from pacsd.app.isolation.descriptors import descriptors_beside
from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.host_answering import METHODS, handlers_of, through_loop
from pacsd.testing.fake_host import fake_host
from tests.app.isolation.homes import host_of
from tests.app.isolation.recording_logger import RecordingLogger


def test_everything_that_a_host_has_can_be_asked_for() -> None:
    ports = {
        "values": Values,
        "jobs": Jobs,
        "instances": Instances,
        "labels": Labels,
        "audit": Audit,
        "keys": Keys,
    }
    named = {
        f"{port}.{name}"
        for port, protocol in ports.items()
        for name, _ in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    }
    assert named == {*METHODS}


def handlers() -> dict[str, Handler]:
    """Those of a Host without a daemon; no file crosses."""
    with descriptors_beside() as (descriptors, _):
        return handlers_of(host_of(RecordingLogger()), descriptors)


async def test_what_crosses_is_json(tmp_path: Path) -> None:
    with descriptors_beside() as (descriptors, _):
        handlers = handlers_of(fake_host(tmp_path), descriptors)
        assert await handlers["values.put"](["k", "AP8="]) is None
        assert await handlers["values.get"](["k"]) == "AP8="
        assert await handlers["values.keys"](["", ""]) == ["k"]
        assert await handlers["jobs.enqueue"](["name", "", "", 0.5]) == 1
        assert await handlers["instances.of_study"](["1.2", "", ""]) == []


@pytest.mark.parametrize("raw", [None, [], ["k", "k"], [7], {"key": "k"}])
async def test_p06_what_is_no_argument_is_refused(raw: object) -> None:
    with pytest.raises(Misfit):
        await handlers()["values.get"](raw)


async def test_p06_a_file_that_did_not_come_is_refused() -> None:
    with pytest.raises(Misfit, match="the number 7 of no file"):
        await handlers()["instances.add"]([7])


async def test_what_the_host_refuses_is_told_as_it_is() -> None:
    with pytest.raises(PluginError, match="there is no daemon that keeps anything"):
        await handlers()["values.get"](["k"])


async def test_without_a_loop_nothing_is_asked() -> None:
    with pytest.raises(HostError, match="there is no daemon yet"):
        await through_loop(host_of(RecordingLogger()), lambda: None)("values.get", ("k",))
