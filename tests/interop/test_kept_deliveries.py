"""Deliveries that count only once the peer says that it keeps them: another pacsd, and Orthanc."""

import json
from pathlib import Path

from pacsd.app.admin.unix_socket import ask
from pacsd.testing.daemon import Running, running
from tests.crash.campaign import storing
from tests.interop import peers
from tests.interop.test_killed_routing import content
from tests.interop.test_web_targets import delivered

UIDS = [f"1.2.77.1.{number}" for number in range(30)]

SITE_A = """
[store]
unsafe_tmpfs = true

[events]
study_quiet_s = 0.2

[plugins.route_rules]
trusted = true
file = "{folder}/routes.toml"

[[route_target]]
name = "peer:SITEB"
commitment = true

[[route_target]]
name = "peer:ORTHANC"
commitment = true
bytes_per_second = 100_000
"""
RULES = """
[[rule]]
name = "everything"
to = ["peer:SITEB", "peer:ORTHANC"]
"""


def commitments(daemon: Running, number: object) -> set[object]:
    """What the ledger says of each instance of a delivery."""
    socket = daemon.data_dir / "admin.sock"
    answer = ask(socket, "deliveries.items", number=number)
    assert isinstance(answer, list)
    assert len(answer) == len(UIDS)
    return {(each["state"], each["status"], each["commitment"]) for each in answer}


def test_each_is_asked_whether_it_keeps_what_it_took(tmp_path: Path) -> None:
    folder, other, port = tmp_path / "a", tmp_path / "b", peers.free_port()
    folder.mkdir()
    (folder / "routes.toml").write_text(RULES)
    (folder / "pacsd.toml").write_text(SITE_A.format(folder=folder))
    titled = {"PACSD_STORE__UNSAFE_TMPFS": "true", "PACSD_AE": json.dumps([{"title": "SITEB"}])}
    with (
        running(data_dir=other, environment=titled) as site_b,
        peers.orthanc(tmp_path, port) as orthanc,
    ):
        options = [
            *("--peer", f"SITEB={peers.LOOPBACK}:{site_b.port}"),
            *("--peer", f"ORTHANC={peers.LOOPBACK}:{orthanc.dicom_port}"),
            *("--config", str(folder / "pacsd.toml"), "--dimse", f"{peers.LOOPBACK}:{port}"),
        ]
        with running(*options, data_dir=folder / "data") as site_a:
            with storing(site_a.port) as store:
                for uid in UIDS:
                    assert store(uid, content(uid)) == 0
            ended = delivered(site_a)
            assert {each["state"] for each in ended.values()} == {"delivered"}
            for target in ("peer:SITEB", "peer:ORTHANC"):
                kept = commitments(site_a, ended[target]["number"])
                assert kept == {("delivered", "0000", "committed")}
        site_b.wait_for("storage commitment reported", over="the same association")
