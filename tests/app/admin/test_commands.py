import os
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from pacsd import __version__
from pacsd.app.admin.records import AssociationDetail, AssociationSummary, DaemonStatus, Reloaded
from pacsd.app.admin.unix_socket import AdminError
from pacsd.net.recorder import Outcome
from tests.app.small_daemon import REFUSAL, SmallDaemon


@pytest.fixture
def daemon() -> SmallDaemon:
    return SmallDaemon()


def perform(daemon: SmallDaemon, command: str, **arguments: object) -> object:
    return daemon.commands[command](arguments)


def listed(daemon: SmallDaemon, **arguments: object) -> list[int]:
    answer = perform(daemon, "associations.list", **arguments)
    assert isinstance(answer, list)
    assert all(isinstance(each, AssociationSummary) for each in answer)
    return [each.number for each in answer]


def test_list_has_the_open_ones_and_as_many_ended_ones_as_asked_for(daemon: SmallDaemon) -> None:
    for record in [daemon.open_association() for _ in range(5)][:3]:
        daemon.end(record)
    assert listed(daemon) == [4, 5]
    assert listed(daemon, ended=2) == [4, 5, 3, 2]
    assert listed(daemon, ended=100) == [4, 5, 3, 2, 1]


@pytest.mark.parametrize("ended", [-1, "7", True, 1.5, None])
def test_list_of_a_wrong_number(daemon: SmallDaemon, ended: object) -> None:
    with pytest.raises(AdminError, match="ended must be a whole number from 0 up"):
        perform(daemon, "associations.list", ended=ended)


def test_show(daemon: SmallDaemon) -> None:
    still_open, ended = daemon.open_association("CT1"), daemon.open_association("CT2")
    daemon.end(ended)
    for record in (still_open, ended):
        answer = perform(daemon, "associations.show", number=record.number)
        assert isinstance(answer, AssociationDetail)
        assert answer.summary.calling_ae == record.calling_ae
        assert [command.name for command in answer.commands] == ["C-ECHO-RQ"]


@pytest.mark.parametrize("command", ["associations.show", "associations.abort"])
def test_an_unknown_association(daemon: SmallDaemon, command: str) -> None:
    with pytest.raises(AdminError, match="association 7 is not known"):
        perform(daemon, command, number=7)
    with pytest.raises(AdminError, match="number must be a whole number"):
        perform(daemon, command)


def test_abort(daemon: SmallDaemon) -> None:
    number = daemon.open_association().number
    assert perform(daemon, "associations.abort", number=number) is None
    assert daemon.listener.aborted == [(number, "aborted by the operator")]


def test_abort_of_what_has_ended(daemon: SmallDaemon) -> None:
    record = daemon.open_association()
    daemon.end(record, Outcome.RELEASED)
    with pytest.raises(AdminError, match="association 1 is not open: released"):
        perform(daemon, "associations.abort", number=record.number)
    assert daemon.listener.aborted == []


def test_last_reject(daemon: SmallDaemon) -> None:
    assert perform(daemon, "explain.last_reject") is None
    other = replace(REFUSAL, calling_ae="MR1")
    daemon.recorder.refused(REFUSAL)
    daemon.recorder.refused(other)
    assert perform(daemon, "explain.last_reject") == other
    assert perform(daemon, "explain.last_reject", aet=None) == other
    assert perform(daemon, "explain.last_reject", aet="CT1") == REFUSAL
    assert perform(daemon, "explain.last_reject", aet="CT2") is None


def test_last_reject_of_a_title_that_the_recorder_had_to_escape(daemon: SmallDaemon) -> None:
    refusal = replace(REFUSAL, calling_ae=r"A\\B")
    daemon.recorder.refused(refusal)
    assert perform(daemon, "explain.last_reject", aet="A\\B") == refusal


def test_last_reject_of_what_is_no_text(daemon: SmallDaemon) -> None:
    with pytest.raises(AdminError, match="aet must be text"):
        perform(daemon, "explain.last_reject", aet=7)


async def test_reload(daemon: SmallDaemon) -> None:
    answer = perform(daemon, "reload")
    assert isinstance(answer, Awaitable)
    assert await answer == Reloaded()


async def test_reload_of_wrong_peers(daemon: SmallDaemon) -> None:
    daemon.reload_problems = ("peers.toml:1: peer: must be a list", "peers.toml:2: unknown key")
    answer = perform(daemon, "reload")
    assert isinstance(answer, Awaitable)
    with pytest.raises(AdminError) as caught:
        await answer
    assert str(caught.value).splitlines() == ["all stays as it was:", *daemon.reload_problems]


def test_status(daemon: SmallDaemon) -> None:
    daemon.open_association()
    answer = perform(daemon, "status")
    assert isinstance(answer, DaemonStatus)
    assert (answer.version, answer.process) == (__version__, os.getpid())
    assert (answer.dimse, answer.open_associations) == (("127.0.0.1:11112",), 1)
