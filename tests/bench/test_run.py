import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from contrib.bench import archives, run
from contrib.bench.cohort import Cohort
from contrib.bench.figures import Scale
from contrib.bench.servers import PEERS
from contrib.bench.variants import VARIANTS

Capture = pytest.CaptureFixture[str]

TINY = Scale(
    rounds=1,
    seconds=0.1,
    settle_s=0.05,
    idle_associations=3,
    held_associations=3,
    asks=2,
    objects=4,
    cohort=Cohort(10, 2, studies_a_day=2, smith_every=3),
    slices=3,
    long_slices=30,
    large_frames=2,
    busy_slices=2,
    indexed=Cohort(30, 1, studies_a_day=5, smith_every=3),
    jobs=2_000,
    forwarded=4,
    forwarded_rows=64,
    folder=Path(),
)


def only_in_long_runs(*values: str) -> ParameterSet:
    """What is much like others, and takes long."""
    return pytest.param(*values, marks=pytest.mark.soak)


IN_CI = {"pacsd-plugins"}
"""Variants that every run measures; those that are much like them only a long one."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "name",
    [
        "associate",
        "echo",
        "idle",
        only_in_long_runs("held"),
        "store",
        only_in_long_runs("web-stow"),
        only_in_long_runs("web-busy"),
        "jobs",
        only_in_long_runs("misbehaving"),
        "rules",
    ],
)
def test_a_measure_gives_all_its_figures_of_the_daemon(name: str) -> None:
    measure = run.MEASURES[name]
    values = measure.take(PEERS["pacsd"], TINY)
    assert {figure.key for figure in measure.figures} == {
        key for key, value in values.items() if value is not None
    }


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "name",
    [
        "query",
        only_in_long_runs("query-scale"),
        "retrieve",
        only_in_long_runs("web"),
        only_in_long_runs("web-long"),
        "web-scale",
    ],
)
def test_a_measure_of_a_filled_archive_gives_all_its_figures_of_the_daemon(name: str) -> None:
    measure = run.MEASURES[name]
    # Not tmp_path: the path of the daemon's Unix socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pacsd-") as folder:
        values = measure.take(PEERS["pacsd"], replace(TINY, folder=Path(folder)))
    assert {figure.key for figure in measure.figures} == {
        key for key, value in values.items() if value is not None
    }


@pytest.mark.interop
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("query", "dcmqrscp"),
        ("retrieve", "orthanc"),
        ("web", "orthanc"),
        # Each is the same path through the bench with another measure, or another peer.
        only_in_long_runs("query", "orthanc"),
        only_in_long_runs("retrieve", "dcmqrscp"),
        only_in_long_runs("retrieve", "qrscp"),
        only_in_long_runs("web-long", "orthanc"),
        only_in_long_runs("web-stow", "orthanc"),
        only_in_long_runs("web-busy", "orthanc"),
    ],
)
def test_a_peer_is_measured_the_same_way(name: str, peer: str, tmp_path: Path) -> None:
    if not PEERS[peer].is_installed():
        pytest.skip(f"{PEERS[peer].program} is not installed")
    measure = run.MEASURES[name]
    if not measure.is_for(PEERS[peer]):
        pytest.skip(f"this {PEERS[peer].program} does not offer that")
    values = measure.take(PEERS[peer], replace(TINY, folder=tmp_path))
    assert {figure.key for figure in measure.figures if not figure.only or peer in figure.only} == {
        key for key, value in values.items() if value is not None
    }


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "name",
    [name if name in IN_CI else only_in_long_runs(name) for name in VARIANTS],
)
def test_a_variant_of_the_daemon_is_measured_the_same_way(name: str) -> None:
    measure = run.MEASURES["store"]
    values = measure.take(VARIANTS[name], TINY)
    assert {figure.key for figure in measure.figures} == {
        key for key, value in values.items() if value is not None
    }


def test_an_archive_is_filled_once(tmp_path: Path) -> None:
    scale = replace(TINY, folder=tmp_path)
    filled_folders: list[Path] = []
    for _ in range(2):
        folder = archives.filled("some", PEERS["pacsd"], scale, filled_folders.append)
    assert filled_folders == [folder]


def test_an_archive_half_filled_is_filled_again(tmp_path: Path) -> None:
    scale = replace(TINY, folder=tmp_path)

    def fill(folder: Path) -> None:
        assert not list(folder.iterdir())
        (folder / "object").touch()
        raise archives.NotFilled("some")

    for _ in range(2):
        with pytest.raises(archives.NotFilled):
            archives.filled("some", PEERS["pacsd"], scale, fill)


def test_a_run_prints_a_table_and_keeps_the_rounds(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "QUICK", TINY)
    path = tmp_path / "rounds.json"
    run.main(["startup", "--quick", "--peers", "pacsd", "--json", str(path)])
    assert "| start to first C-ECHO, s | " in capsys.readouterr().out
    rounds = json.loads(path.read_text())["rounds"]
    assert rounds["startup_echo"]["pacsd"][0] > 0


@pytest.mark.parametrize("arguments", [["no-such"], ["echo", "--peers", "no-such"]])
def test_an_unknown_name_is_refused_with_those_there_are(
    arguments: list[str], capsys: Capture
) -> None:
    with pytest.raises(SystemExit):
        run.main(arguments)
    assert "no-such" in capsys.readouterr().err


@pytest.mark.timeout(240)
def test_forwarding_is_measured_with_targets_of_its_own() -> None:
    measure = run.MEASURES["forward"]
    values = measure.take(VARIANTS["pacsd-forward"], TINY)
    assert {figure.key for figure in measure.figures} == {
        key for key, value in values.items() if value is not None
    }


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "peer",
    # The same path with one target more; only a long run takes both.
    [only_in_long_runs("pacsd-dead-dimse"), "pacsd-dead-stow"],
)
def test_forwarding_while_a_target_is_dead_is_measured(peer: str) -> None:
    measure = run.MEASURES["forward-dead"]
    values = measure.take(VARIANTS[peer], TINY)
    assert {figure.key for figure in measure.figures if not figure.only or peer in figure.only} == {
        key for key, value in values.items() if value is not None
    }
