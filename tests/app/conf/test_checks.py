import os
from pathlib import Path

import pytest
from pacsd_store_fs import root
from pacsd_store_fs.disk import Disk

from pacsd.app.conf import checks
from pacsd.app.conf.checks import (
    check,
    data_dir_problems,
    filesystem_type,
    listen_problems,
    listeners_outside,
    place_problems,
    target_problems,
    unsafe_keys,
)
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.options import Options
from pacsd.app.conf.settings import Config, JobSettings
from pacsd.jobs.target_terms import TargetTerms
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.web_targets import WebTargetSettings

KNOWN = PeerBook([Peer(ae_title="CT1", addresses=("10.1.0.0/16",)), Peer.parse("WS1=ws:104")])


def config(**tables: object) -> Config:
    return Config.model_validate({"store": {"unsafe_tmpfs": True}, **tables})


def listening(tree: dict[str, object], peers: PeerBook) -> list[str]:
    problems = listen_problems(Config.model_validate(tree), peers)
    return [f"{problem.path[0]}: {problem.rule}" for problem in problems]


def test_loopback_needs_no_peers() -> None:
    assert listening({"dimse": {"unknown_peers": "accept"}}, PeerBook()) == []


def test_beyond_loopback_with_every_peer_narrowed_down() -> None:
    assert listening({"dimse": {"listen": "0.0.0.0:104"}}, KNOWN) == []
    assert listening({"dimse": {"listen": "[::]:104", "unknown_peers": "refuse"}}, KNOWN) == []


def test_beyond_loopback_says_all_that_is_missing() -> None:
    tree: dict[str, object] = {
        "dimse": {"listen": ["127.0.0.1:104", "10.0.0.1:104"], "unknown_peers": "accept"},
        "ae": [{"title": "A"}, {"title": "B", "unknown_peers": "accept"}],
    }
    assert listening(tree, PeerBook([Peer(ae_title="CT1")])) == [
        (
            'dimse: is not loopback, but dimse.unknown_peers is "accept"; ae[2].unknown_peers is '
            '"accept"; peer CT1 has neither host nor addresses that narrow it down '
            "(or set dimse.unsafe_listen_anywhere = true)"
        )
    ]


def test_beyond_loopback_without_any_peer() -> None:
    (text,) = listening({"dimse": {"listen": "0.0.0.0:104"}}, PeerBook())
    assert "no [[peer]] in the peers file" in text


def test_beyond_loopback_on_purpose() -> None:
    dimse = {"listen": "0.0.0.0:104", "unsafe_listen_anywhere": True}
    assert listening({"dimse": dimse}, PeerBook()) == []


def test_http_stays_on_loopback() -> None:
    (text,) = listening({"http": {"listen": "0.0.0.0:80"}}, KNOWN)
    assert text.startswith("http: is not loopback, but nobody has to log in yet")
    anyway = {"listen": "0.0.0.0:80", "unsafe_listen_anywhere": True}
    assert listening({"http": anyway}, KNOWN) == []
    assert listening({"http": {"listen": ""}}, KNOWN) == []


def rules(path: Path) -> list[str]:
    return [problem.rule for problem in data_dir_problems(config(data_dir=str(path)))]


def test_a_data_directory_that_is_not_there_yet(tmp_path: Path) -> None:
    assert rules(tmp_path / "a" / "b") == []
    assert list(tmp_path.iterdir()) == []


def test_root_and_what_leads_to_it(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/")
    assert rules(Path("/")) == rules(link) == ["must not be the root directory"]


def test_not_a_directory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert rules(file) == ["is not a directory"]
    assert rules(file / "data")[0].startswith("cannot be ")


def test_loop_of_links(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert rules(loop) == ["is a symbolic link that leads nowhere"]


def test_other_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert rules(tmp_path) == [f"belongs to user id {owner}, we are {owner + 1}"]


def given_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Make it another user's, and us root; the user's id."""
    if os.geteuid() == 0:
        os.chown(folder, 54_321, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return folder.stat().st_uid


def test_root_that_looks_judges_for_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = given_away(tmp_path, monkeypatch)
    ours = config(data_dir=str(tmp_path))
    assert rules(tmp_path) == [f"belongs to user id {owner}, we are 0"]
    assert data_dir_problems(ours, as_owner=True) == []
    tmp_path.chmod(0o500)
    (problem,) = data_dir_problems(ours, as_owner=True)
    assert problem.rule == f"cannot be written: no permission for its owner, user id {owner}"
    tmp_path.chmod(0o700)


def test_root_that_looks_passes_a_whole_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, data = tmp_path / "pacsd.toml", tmp_path / "data"
    file.write_text('data_dir = "data"\n[store]\nunsafe_tmpfs = true\n', encoding="utf-8")
    data.mkdir()
    given_away(data, monkeypatch)
    assert check(file, None, {}, as_owner=True).config.data_dir == data
    with pytest.raises(ConfigErrors):
        check(file, None, {})


def test_root_may_look_at_the_store_of_another_user_but_not_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = given_away(tmp_path, monkeypatch)
    marker = tmp_path.parent / "store_fs.json"
    assert root.problems(tmp_path, marker) == []
    with pytest.raises(root.RootError, match=f"belongs to user {owner}, but we run as user 0"):
        root.open_root(tmp_path, marker, Disk())


def test_only_root_judges_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert data_dir_problems(config(data_dir=str(tmp_path)), as_owner=True) != []


def test_c03_each_unsafe_key_in_force_is_known() -> None:
    tree: dict[str, object] = {
        "dimse": {"unsafe_listen_anywhere": True},
        "plugins": {"mine": {"unsafe_guess": True, "unsafe_other": False}},
    }
    assert unsafe_keys(Config.model_validate(tree)) == [
        "dimse.unsafe_listen_anywhere",
        "plugins.mine.unsafe_guess",
    ]
    assert unsafe_keys(Config()) == []


def test_c03_what_is_listened_on_beyond_loopback() -> None:
    tree: dict[str, object] = {
        "dimse": {"listen": ["127.0.0.1:104", "10.0.0.1:104"]},
        "http": {"listen": "0.0.0.0:80"},
    }
    assert listeners_outside(Config.model_validate(tree)) == ["10.0.0.1:104", "0.0.0.0:80"]
    assert listeners_outside(Config.model_validate({"http": {"listen": ""}})) == []


def test_no_permission_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert rules(tmp_path / "data") == [f"cannot be written: no permission for {tmp_path}"]


def test_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    disk, memory = tmp_path / "disk", tmp_path / "in memory"
    memory.mkdir()
    escaped = str(memory).replace(" ", r"\040")
    mounts.write_text(
        f"none / ext4 rw 0 0\nnone {escaped} ext4 rw 0 0\nnone {escaped} tmpfs rw 0 0\n", "utf-8"
    )
    monkeypatch.setattr(checks, "_MOUNTS", mounts)
    assert filesystem_type(memory / "data") == "tmpfs"
    assert filesystem_type(disk) == "ext4"
    assert rules(memory) == []
    (problem,) = data_dir_problems(Config.model_validate({"data_dir": str(memory)}))
    assert problem.rule.startswith("lies in memory (tmpfs)")
    assert "store.unsafe_tmpfs = true" in problem.rule


def test_no_list_of_mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_MOUNTS", tmp_path / "none")
    assert filesystem_type(tmp_path) == ""


def test_errors_of_all_files_at_once(tmp_path: Path) -> None:
    file = tmp_path / "pacsd.toml"
    file.write_text("[dimse]\nbacklog = 0\n", encoding="utf-8")
    (tmp_path / "peers.toml").write_text("[[peer]]\n", encoding="utf-8")
    with pytest.raises(ConfigErrors) as caught:
        check(file, Options(peer=("x",)), {})
    assert [error.key for error in caught.value.errors] == [
        "dimse.backlog",
        "--peer",
        "peer[1].ae_title",
    ]


def test_what_passes(tmp_path: Path) -> None:
    file = tmp_path / "pacsd.toml"
    file.write_text('data_dir = "data"\n[store]\nunsafe_tmpfs = true\n', encoding="utf-8")
    (tmp_path / "peers.toml").write_text('[[peer]]\nae_title = "CT1"\n', encoding="utf-8")
    checked = check(file, Options(peer=("WS1=127.0.0.1:104",)), {})
    assert checked.config.data_dir == tmp_path / "data"
    assert [peer.ae_title for peer in checked.peers] == ["CT1", "WS1"]
    assert checked.peers_path == tmp_path / "peers.toml"
    assert not (tmp_path / "data").exists()


def test_checks_name_the_place(tmp_path: Path) -> None:
    file = tmp_path / "pacsd.toml"
    file.write_text('\n[dimse]\nlisten = "0.0.0.0:104"\n', encoding="utf-8")
    environ = {"PACSD_DATA_DIR": "/", "PACSD_HTTP": "0.0.0.0:80"}
    with pytest.raises(ConfigErrors) as caught:
        check(file, None, environ)
    assert [(error.file, error.line, error.key) for error in caught.value.errors] == [
        (str(file), 3, "dimse.listen"),
        ("environment", None, "PACSD_HTTP"),
        ("environment", None, "PACSD_DATA_DIR"),
    ]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("peer:SITEB", ""),
        ("web:siteb", ""),
        ("folder:copy", ""),
        ("peer:SITEX", "is no peer of the peers file with host and port"),
        ("notify:CALLER", "is no peer of the peers file with host and port"),
        ("web:sitex", "is no name of a [[web_target]]"),
    ],
)
def test_terms_are_of_a_target_that_can_be(name: str, rule: str) -> None:
    config = Config(
        route_target=(TargetTerms(name=name),),
        web_target=(WebTargetSettings(name="siteb", url="http://127.0.0.1/dicomweb"),),
    )
    peers = PeerBook([Peer(ae_title="SITEB", host="127.0.0.1", port=1), Peer(ae_title="CALLER")])
    found = target_problems(config, peers)
    assert [each.rule for each in found] == ([rule] if rule else [])
    assert [each.path for each in found] == ([("route_target", 0, "name")] if rule else [])


def test_no_target_takes_all_places_of_jobs() -> None:
    config = Config(
        jobs=JobSettings(max_running=4),
        route_target=(TargetTerms(name="peer:A", at_once=3), TargetTerms(name="peer:B", at_once=4)),
    )
    [problem] = place_problems(config)
    assert (problem.path, problem.value) == (("route_target", 1, "at_once"), "4")
    assert problem.rule.startswith("must be less than jobs.max_running (4)")
