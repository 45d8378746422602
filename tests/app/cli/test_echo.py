"""`pacsd echo` against pynetdicom as an independent SCP."""

from collections.abc import Iterator

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage, Verification
from typer.testing import CliRunner

from pacsd.app.cli.main import build

RUNNER = CliRunner(env={"PACSD_CONFIG": None})


class Echoes:
    """How many C-ECHOs came over how many associations, and what they are answered with."""

    def __init__(self) -> None:
        self.status = 0x0000
        self.count = 0
        self.callers: list[str] = []

    def echo(self, _: evt.Event) -> int:
        self.count += 1
        return self.status

    def accepted(self, event: evt.Event) -> None:
        self.callers.append(event.assoc.requestor.ae_title)


@pytest.fixture
def echoes() -> Echoes:
    return Echoes()


@pytest.fixture
def port(echoes: Echoes) -> Iterator[int]:
    peer = AE("ECHO_SCP")
    peer.add_supported_context(Verification)
    handlers = [(evt.EVT_C_ECHO, echoes.echo), (evt.EVT_ACCEPTED, echoes.accepted)]
    server = peer.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    yield server.server_address[1]
    server.shutdown()


def test_a_peer_that_is_there(port: int, echoes: Echoes) -> None:
    done = RUNNER.invoke(build(), ["echo", f"ECHO_SCP=127.0.0.1:{port}"])
    assert done.exit_code == 0, done.output
    assert f"ECHO_SCP at 127.0.0.1:{port}: 1 C-ECHO answered, median " in done.stdout
    assert (echoes.count, echoes.callers) == (1, ["PACSD"])


def test_many_over_few_associations(port: int, echoes: Echoes) -> None:
    arguments = ["--count", "10", "--parallel", "2", "--ae-title", "OTHER"]
    done = RUNNER.invoke(build(), ["echo", f"ECHO_SCP=127.0.0.1:{port}", *arguments])
    assert done.exit_code == 0, done.output
    assert "10 C-ECHO answered" in done.stdout
    assert echoes.count == 10
    assert echoes.callers == ["OTHER", "OTHER"]


def test_a_status_other_than_success_is_said(port: int, echoes: Echoes) -> None:
    echoes.status = 0x0122
    done = RUNNER.invoke(build(), ["echo", f"ECHO_SCP=127.0.0.1:{port}"])
    assert done.exit_code == 1
    assert "0122" in done.stderr


def test_nobody_there() -> None:
    done = RUNNER.invoke(build(), ["echo", "NOBODY=127.0.0.1:1"])
    assert done.exit_code == 1
    assert "NOBODY at 127.0.0.1:1: 127.0.0.1:1: Connect" in done.stderr


def test_a_peer_without_verification() -> None:
    peer = AE("STORE_ONLY")
    peer.add_supported_context(CTImageStorage)
    server = peer.start_server(("127.0.0.1", 0), block=False)
    try:
        address = f"STORE_ONLY=127.0.0.1:{server.server_address[1]}"
        done = RUNNER.invoke(build(), ["echo", address])
    finally:
        server.shutdown()
    assert done.exit_code == 1
    assert "the peer accepted no context for Verification" in done.stderr


def test_a_rejection_is_told_in_words() -> None:
    peer = AE("PICKY")
    peer.add_supported_context(Verification)
    peer.require_called_aet = True
    server = peer.start_server(("127.0.0.1", 0), block=False)
    try:
        done = RUNNER.invoke(build(), ["echo", f"WRONG=127.0.0.1:{server.server_address[1]}"])
    finally:
        server.shutdown()
    assert done.exit_code == 1
    assert "called AE title not recognized [RJ(1,1,7)]" in done.stderr


@pytest.mark.parametrize("text", ["UNKNOWN", "A\\B=127.0.0.1:104", "X=127.0.0.1:notaport"])
def test_what_is_no_peer_is_refused(text: str) -> None:
    done = RUNNER.invoke(build(), ["echo", text])
    assert done.exit_code == 2
