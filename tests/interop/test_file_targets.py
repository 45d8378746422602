"""Routes whose targets are first-party plugins: folders and buckets, of a whole daemon."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import obstore
import pytest

from contrib.peers import seaweedfs
from contrib.peers.seaweedfs import SeaweedFS
from pacsd.testing.daemon import SAYS_WITHIN_S, Running, running
from tests.crash.campaign import storing
from tests.interop.test_killed_routing import content

UIDS = [f"1.2.78.1.{number}" for number in range(12)]
NAMES = [f"1.2.78/1.2.78.1/{uid}.dcm" for uid in UIDS]
ELSEWHERE = b"ST ELSEWHERE"

CONFIGURATION = """
[store]
unsafe_tmpfs = true

[events]
study_quiet_s = 0.2

[plugins.route_rules]
trusted = true
file = "{folder}/routes.toml"

[plugins.coerce]
trusted = true
file = "{folder}/coercions.toml"
"""
COERCIONS = """
[[coercion.elsewhere.step]]
set = { InstitutionName = "ST ELSEWHERE" }
"""
RULES = """
[[rule]]
name = "as it is"
to = ["{kind}:plain"]

[[rule]]
name = "coerced"
to = ["{kind}:coerced"]
coerce = "elsewhere"
"""

Given = Callable[[str], bytes]
"""What lies under a name."""


@pytest.fixture(scope="module")
def seaweed() -> Iterator[SeaweedFS]:
    with seaweedfs.running() as server:
        yield server


def folders(folder: Path, trusted: str, _: SeaweedFS) -> tuple[str, Mapping[str, Given]]:
    """Two folders: their part of the configuration, and what lies in them."""
    text, given = f"[plugins.target_folder]\n{trusted}\n", dict[str, Given]()
    for name in ("plain", "coerced"):
        path = folder / name
        path.mkdir()
        text += f'[[plugins.target_folder.target]]\nname = "{name}"\npath = "{path}"\n'
        given[name] = lambda wanted, path=path: (path / wanted).read_bytes()  # type: ignore[misc]
    return text, given


def buckets(folder: Path, trusted: str, server: SeaweedFS) -> tuple[str, Mapping[str, Given]]:
    """Two prefixes of one bucket: their part of the configuration, and what lies there."""
    keys = folder / "keys"
    keys.touch(mode=0o600)
    keys.write_text(
        f"[default]\naws_access_key_id = {seaweedfs.ACCESS_KEY_ID}\n"
        f"aws_secret_access_key = {seaweedfs.SECRET_ACCESS_KEY}\n"
    )
    text, given = f"[plugins.target_s3]\n{trusted}\n", dict[str, Given]()
    for name in ("plain", "coerced"):
        prefix = f"{name}-{folder.name}/"
        text += f"""
[[plugins.target_s3.target]]
name = "{name}"
bucket = "{seaweedfs.BUCKET}"
prefix = "{prefix}"
endpoint = "{server.endpoint}"
credentials_file = "{keys}"
"""
        given[name] = lambda wanted, prefix=prefix: bytes(  # type: ignore[misc]
            obstore.get(server.client(), prefix + wanted).bytes()
        )
    return text, given


KINDS = {"folder": folders, "bucket": buckets}


def delivered(daemon: Running) -> list[dict[str, object]]:
    """The deliveries, once both have ended."""
    for _ in range(int(SAYS_WITHIN_S / 0.1)):
        answer = daemon.ask("deliveries.list")
        assert isinstance(answer, list)
        if len(answer) == 2 and not any(each["waiting"] for each in answer):
            return answer
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the daemon ended with code {daemon.process.wait(0.1)}")
    raise AssertionError(answer)


@pytest.mark.parametrize("trusted", ["trusted = true", "trusted = false"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_study_lies_where_the_rule_says_and_the_ledger_has_it(
    tmp_path: Path, seaweed: SeaweedFS, kind: str, trusted: str
) -> None:
    text, given = KINDS[kind](tmp_path, trusted, seaweed)
    (tmp_path / "routes.toml").write_text(RULES.replace("{kind}", kind))
    (tmp_path / "coercions.toml").write_text(COERCIONS)
    config = tmp_path / "pacsd.toml"
    config.write_text(CONFIGURATION.format(folder=tmp_path) + text)
    with running("--config", str(config), data_dir=tmp_path / "data") as daemon:
        with storing(daemon.port) as store:
            for uid in UIDS:
                assert store(uid, content(uid)) == 0
        ended = delivered(daemon)
        items = [daemon.ask("deliveries.items", number=each["number"]) for each in ended]
        assert daemon.stop() == 0
    assert {each["target"] for each in ended} == {f"{kind}:plain", f"{kind}:coerced"}
    assert {each["state"] for each in ended} == {"delivered"}
    assert {each["delivered"] for each in ended} == {len(UIDS)}
    for each in items:
        assert isinstance(each, list)
        assert [item["state"] for item in each] == ["delivered"] * len(UIDS)
    for uid, name in zip(UIDS, NAMES, strict=True):
        file, copy = given["plain"](name), given["coerced"](name)
        assert file[128:132] == copy[128:132] == b"DICM"
        assert file.endswith(content(uid))
        assert (ELSEWHERE in file, ELSEWHERE in copy) == (False, True)
    assert daemon.tracebacks() == []
    assert [line for line in daemon.lines if line.get("level") == "error"] == []
