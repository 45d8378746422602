import sqlite3
from contextlib import closing
from pathlib import Path

from pacsd.api.audit import AuditNote
from pacsd.api.plugin import Host
from pacsd.app.plugins.services import HostServices
from pacsd.testing.fake_host import RecordingLogger


async def test_a_plugin_is_who_adds_to_the_trail(services: HostServices, tmp_path: Path) -> None:
    host = services.host(Host("acme", tmp_path, RecordingLogger()))
    await host.audit.append(AuditNote("send", "done", "1.2", "to research"))
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        asked = "SELECT actor, action, outcome, study_instance_uid, detail FROM audit"
        rows = connection.execute(asked).fetchall()
    assert rows == [("plugin:acme", "send", "done", "1.2", "to research")]
