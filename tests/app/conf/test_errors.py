from pacsd.app.conf.errors import ConfigError, ConfigErrors


def test_an_error_is_one_line() -> None:
    error = ConfigError("pacsd.toml", 12, "dimse.max_associations", "0", "must be >= 1")
    assert str(error) == "pacsd.toml:12: dimse.max_associations = 0: must be >= 1"


def test_what_is_missing_is_left_out() -> None:
    assert str(ConfigError("pacsd.toml", None, "", "", "is UTF-16")) == "pacsd.toml: is UTF-16"
    assert str(ConfigError("", None, "data_dir", "", "is required")) == "data_dir: is required"


def test_files_stay_in_their_order() -> None:
    files = ["b.toml", "a.toml", "b.toml"]
    errors = ConfigErrors(ConfigError(file, n, "k", "", "r") for n, file in enumerate(files))
    assert [error.line for error in errors.errors] == [0, 2, 1]


def test_errors_come_once_in_the_order_of_lines() -> None:
    late, early = (ConfigError("a.toml", line, "k", "", "rule") for line in (10, 9))
    errors = ConfigErrors([late, early, late])
    assert errors.errors == (early, late)
    assert str(errors) == "a.toml:9: k: rule\na.toml:10: k: rule"
