from pacsd.testing.fake_host import FakeHost
from pacsd.testing.fixtures import StartsDaemon, daemon, host

__all__ = ["daemon", "host"]


def test_daemons_are_started(daemon: StartsDaemon) -> None:
    first, second = daemon('[[ae]]\ntitle = "ONE"\n'), daemon()
    assert first.said("serving")[0]["ae_titles"] == ["ONE"]
    assert first.port != second.port


def test_a_host_is_given(host: FakeHost) -> None:
    host.logger.info("here")
    assert host.data_dir.is_dir()
    assert [line.event for line in host.logger.lines] == ["here"]
