from pathlib import Path

import pytest

from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.options import Options
from pacsd.app.conf.reading import gather, load, option_peers
from pacsd.app.conf.settings import Config
from pacsd.net.endpoint import Endpoint


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pacsd.toml"


def errors_of(
    file: Path | None, options: Options | None = None, environ: dict[str, str] | None = None
) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(file, options, environ or {})
    folder = f"{file.parent}/" if file else ""
    return [str(error).replace(folder, "") for error in caught.value.errors]


def test_nothing_given_is_the_defaults() -> None:
    assert load(None, None, {}) == Config()


def test_option_before_environment_before_file(file: Path) -> None:
    file.write_text('[dimse]\nlisten = "127.0.0.1:1"\nbacklog = 5\n', encoding="utf-8")
    environ = {"PACSD_DIMSE": "127.0.0.1:2", "PACSD_DIMSE__STRICT": "true"}
    options = Options(dimse=("127.0.0.1:3",))
    assert load(file, None, {}).dimse.listen == (Endpoint("127.0.0.1", 1),)
    assert load(file, None, environ).dimse.listen == (Endpoint("127.0.0.1", 2),)
    dimse = load(file, options, environ).dimse
    assert dimse.listen == (Endpoint("127.0.0.1", 3),)
    assert (dimse.backlog, dimse.strict) == (5, True)


def test_the_environment_can_name_the_file(file: Path) -> None:
    file.write_text("[dimse]\nbacklog = 5\n", encoding="utf-8")
    assert load(None, None, {"PACSD_CONFIG": str(file)}).dimse.backlog == 5


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACSD_DIMSE__BACKLOG", "6")
    assert load().dimse.backlog == 6


def test_title_option_is_for_the_first_ae(file: Path) -> None:
    file.write_text('[[ae]]\ntitle = "A"\nstrict = true\n[[ae]]\ntitle = "B"\n', encoding="utf-8")
    first, second = load(file, Options(ae_title="C"), {}).ae
    assert (first.title, first.strict, second.title) == ("C", True, "B")


def test_all_errors_at_once_with_their_lines(file: Path) -> None:
    file.write_text(
        "[dimse]\nmax_associations = 0\nstrict = 'no'\nbaklog = 1\n[[ae]]\ntitle = 5\n",
        encoding="utf-8",
    )
    environ = {"PACSD_LOG__LEVEL": "loud", "PACSD_NONSENSE_XYZ": "1"}
    assert errors_of(file, Options(http="x"), environ) == [
        "environment: PACSD_NONSENSE_XYZ: unknown variable",
        "environment: PACSD_LOG__LEVEL = \"loud\": must be 'debug', 'info', 'warning' or 'error'",
        "pacsd.toml:2: dimse.max_associations = 0: must be >= 1",
        'pacsd.toml:3: dimse.strict = "no": must be true or false',
        "pacsd.toml:4: dimse.baklog: unknown key; did you mean backlog?",
        "pacsd.toml:6: ae[1].title = 5: must be text in quotes",
        (
            'command line: --http = "x": must be "HOST:PORT", such as "127.0.0.1:11112" or '
            '"[::1]:11112"'
        ),
    ]


def test_a_number_in_quotes_is_wrong_in_a_file_only(file: Path) -> None:
    file.write_text('[dimse]\nbacklog = "5"\n', encoding="utf-8")
    assert errors_of(file) == ['pacsd.toml:2: dimse.backlog = "5": must be a whole number']
    assert load(None, None, {"PACSD_DIMSE__BACKLOG": "5"}).dimse.backlog == 5


def test_the_file_must_be_right_where_it_is_overridden(file: Path) -> None:
    file.write_text("[dimse]\nbacklog = 0\n", encoding="utf-8")
    environ = {"PACSD_DIMSE__BACKLOG": "5"}
    assert errors_of(file, None, environ) == ["pacsd.toml:2: dimse.backlog = 0: must be >= 1"]


def test_file_and_environment_that_do_not_fit_together(file: Path) -> None:
    file.write_text("[dimse]\nreserved_associations = 50\n", encoding="utf-8")
    assert errors_of(file, None, {"PACSD_DIMSE__MAX_ASSOCIATIONS": "50"}) == [
        "pacsd.toml:2: dimse.reserved_associations = 50: must be < max_associations, which is 50"
    ]


def test_a_default_that_does_not_fit_is_told_at_its_table(file: Path) -> None:
    file.write_text("\n[dimse]\nmax_associations = 5\n", encoding="utf-8")
    assert errors_of(file) == [
        "pacsd.toml:2: dimse.reserved_associations = 20: must be < max_associations, which is 5"
    ]


def test_an_ae_title_given_twice_names_both_lines(file: Path) -> None:
    file.write_text('[[ae]]\ntitle = "A"\n[[ae]]\ntitle = "A"\n', encoding="utf-8")
    (text,) = errors_of(file)
    assert text == 'pacsd.toml:4: ae[2].title = "A": given twice, first at pacsd.toml:2'


def test_dates_and_infinity_are_refused_in_words(file: Path) -> None:
    file.write_text("[dimse]\nartim_timeout_s = inf\nbacklog = 2024-01-01\n", encoding="utf-8")
    assert errors_of(file) == [
        "pacsd.toml:2: dimse.artim_timeout_s = Infinity: must be <= 3600",
        'pacsd.toml:3: dimse.backlog = "2024-01-01": must be a whole number',
    ]


def test_relative_paths_are_seen_from_where_they_are_written(file: Path) -> None:
    file.write_text('data_dir = "data"\n', encoding="utf-8")
    assert load(file, None, {}).data_dir == file.parent / "data"
    assert load(file, Options(data_dir="data"), {}).data_dir == Path("data")


def test_peers_file_beside_the_configuration(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    assert gather(file, None, {}).peers_path is None
    file.with_name("peers.toml").touch()
    assert gather(file, None, {}).peers_path == file.with_name("peers.toml")


def test_peers_file_that_is_named_is_wanted(file: Path) -> None:
    file.write_text('peers_file = "other.toml"\n', encoding="utf-8")
    assert gather(file, None, {}).peers_path == file.with_name("other.toml")
    assert gather(None, None, {"PACSD_PEERS_FILE": "p.toml"}).peers_path == Path("p.toml")
    assert gather(None, None, {}).peers_path is None


def test_option_peers_replace_those_of_the_environment() -> None:
    gathered = gather(None, Options(peer=("A=h:2",)), {"PACSD_PEER": "A=h:1,B=h:1"})
    assert [(peer.ae_title, peer.port) for peer in option_peers(gathered)] == [("A", 2), ("B", 1)]


def test_wrong_option_peers_are_all_told() -> None:
    gathered = gather(None, Options(peer=("A", "=h:1")), {"PACSD_PEER": "B=h"})
    with pytest.raises(ConfigErrors) as caught:
        option_peers(gathered)
    assert [str(error).partition(": must")[0] for error in caught.value.errors] == [
        'environment: PACSD_PEER = "B=h"',
        'command line: --peer = "A"',
        'command line: --peer = "=h:1"',
    ]
