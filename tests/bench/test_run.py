import json
from pathlib import Path

import pytest

from contrib.bench import run
from contrib.bench.figures import Scale
from contrib.bench.servers import PEERS

Capture = pytest.CaptureFixture[str]

TINY = Scale(
    rounds=1,
    seconds=0.1,
    settle_s=0.05,
    idle_associations=3,
    held_associations=3,
    asks=2,
    objects=4,
)


@pytest.mark.parametrize("name", ["associate", "echo", "idle", "held", "store"])
def test_a_measure_gives_all_its_figures_of_the_daemon(name: str) -> None:
    measure = run.MEASURES[name]
    values = measure.take(PEERS["pacsd"], TINY)
    assert {figure.key for figure in measure.figures} == {
        key for key, value in values.items() if value is not None
    }


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
