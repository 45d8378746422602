"""Routes to DICOMweb servers: Orthanc's plugin, and another pacsd."""

import subprocess
from contextlib import suppress
from pathlib import Path

from pacsd.app.admin.unix_socket import ask
from pacsd.testing.daemon import SAYS_WITHIN_S, Running, running
from tests.crash.campaign import storing
from tests.interop import peers
from tests.interop.test_killed_routing import content

UIDS = [f"1.2.77.1.{number}" for number in range(60)]
"""More than one request has."""

SITE_A = """
[store]
unsafe_tmpfs = true

[events]
study_quiet_s = 0.2

[plugins.route_rules]
trusted = true
file = "{folder}/routes.toml"

[[web_target]]
name = "siteb"
url = "{site_b}"

[[web_target]]
name = "orthanc"
url = "{orthanc}"
"""
RULES = """
[[rule]]
name = "everything"
to = ["web:siteb", "web:orthanc"]
"""


def delivered(daemon: Running) -> dict[object, dict[str, object]]:
    """The deliveries by their targets, once all have ended."""
    for _ in range(int(SAYS_WITHIN_S / 0.1)):
        answer = ask(daemon.data_dir / "admin.sock", "deliveries.list")
        assert isinstance(answer, list)
        if len(answer) == 2 and not any(each["waiting"] for each in answer):
            return {each["target"]: each for each in answer}
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the daemon ended with code {daemon.process.wait(0.1)}")
    raise AssertionError(answer)


def test_a_study_goes_to_orthanc_and_to_another_pacsd(tmp_path: Path) -> None:
    folder, other = tmp_path / "a", tmp_path / "b"
    folder.mkdir()
    (folder / "routes.toml").write_text(RULES)
    with (
        running(data_dir=other, environment={"PACSD_STORE__UNSAFE_TMPFS": "true"}) as site_b,
        peers.orthanc(tmp_path, 1, web_root="http://127.0.0.1:1") as orthanc,
    ):
        site_b_root = f"http://127.0.0.1:{site_b.http_port}/dicomweb"
        orthanc_root = f"http://127.0.0.1:{orthanc.http_port}/dicom-web"
        text = SITE_A.format(folder=folder, site_b=site_b_root, orthanc=orthanc_root)
        (folder / "pacsd.toml").write_text(text)
        config = ["--config", str(folder / "pacsd.toml")]
        with running(*config, data_dir=folder / "data") as site_a:
            with storing(site_a.port) as store:
                for uid in UIDS:
                    assert store(uid, content(uid)) == 0
            ended = delivered(site_a)
        assert {each["state"] for each in ended.values()} == {"delivered"}
        assert {each["delivered"] for each in ended.values()} == {len(UIDS)}
        assert orthanc.ask("/instances").decode().count('"') == 2 * len(UIDS)
    stored = [path.read_bytes() for path in (other / "store").glob("objects/**/*.dcm")]
    assert len(stored) == len(UIDS)
    for uid in UIDS:
        assert any(file.endswith(content(uid)) for file in stored)
