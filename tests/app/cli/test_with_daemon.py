import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from pacsd.app.admin.records import DaemonStatus
from pacsd.app.cli.with_daemon import (
    ask_daemon,
    believe,
    local_time,
    print_answer,
    print_json,
    print_page,
)
from tests.app.small_daemon import STARTED_AT, SmallDaemon, running


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder, running(SmallDaemon(), Path(folder)):
        yield Path(folder)


def test_the_daemon_is_found_by_its_data_directory(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text(f'data_dir = "{data_dir}"\n', encoding="utf-8")
    by_option = ask_daemon(None, str(data_dir), "status")
    assert by_option == ask_daemon(config, None, "status")
    monkeypatch.setenv("PACSD_DATA_DIR", str(data_dir))
    assert by_option == ask_daemon(None, None, "status")


def test_no_daemon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        ask_daemon(None, str(tmp_path), "status")
    assert left.value.exit_code == 1
    assert capsys.readouterr().err.startswith(f"no daemon runs on {tmp_path} ")


def test_a_wrong_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(typer.Exit) as left:
        ask_daemon(config, None, "status")
    assert left.value.exit_code == 2
    assert capsys.readouterr().err.endswith(":1: x: unknown key\n")


def test_an_answer_is_believed_when_it_is_one(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask_daemon(None, str(data_dir), "status")
    assert believe(DaemonStatus, answer).open_associations == 0
    with pytest.raises(typer.Exit) as left:
        believe(DaemonStatus, {"version": "0"})
    assert left.value.exit_code == 1
    assert "restart it after an upgrade" in capsys.readouterr().err


def test_print_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": ["\u202e"]})
    assert capsys.readouterr().out == '{\n  "a": [\n    "\\u202e"\n  ]\n}\n'


@dataclass(frozen=True, slots=True)
class Row:
    number: int


def described(row: Row) -> list[str]:
    return [f"row {row.number}"]


@pytest.mark.parametrize(
    ("numbers", "out", "err"),
    [
        ((), "", "nothing\n"),
        ((3, 7), "row 3\nrow 7\n", ""),
        ((3, 7, 9), "row 3\nrow 7\n", "more: --after 7\n"),
    ],
)
def test_a_page_says_how_to_go_on(
    numbers: tuple[int, ...], out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = [{"number": number} for number in numbers]
    print_page(answer, list[Row], described, limit=2, as_json=False, nothing="nothing")
    assert capsys.readouterr() == (out, err)


def test_a_page_for_programs_is_no_longer(capsys: pytest.CaptureFixture[str]) -> None:
    answer = [{"number": number} for number in (3, 7)]
    print_page(answer, list[Row], described, limit=1, as_json=True, nothing="nothing")
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ([{"number": 3}], "more: --after 3\n")


def test_an_answer_without_lines_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer([], list[Row], lambda _: [], as_json=False, nothing="nothing")
    print_answer([], list[Row], lambda _: [], as_json=False)
    assert capsys.readouterr() == ("", "nothing\n")


def test_local_time() -> None:
    text = local_time(STARTED_AT)
    assert len(text) == len("2023-11-14 22:13:20+00:00")
    assert text.startswith("2023-11-1")
