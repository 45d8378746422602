import tomllib
from pathlib import Path

import pytest
from pacsd_store_s3.settings import StoreS3Settings, is_loopback, problems
from pydantic import ValidationError

CONF = Path(__file__).parent.parent / "conf.toml"
EXAMPLES = {"access_key_id": "...", "secret_access_key": "...", "session_token": "..."}


def test_the_example_shows_every_key() -> None:
    assert _uncommented().keys() == StoreS3Settings.model_fields.keys()


def test_the_example_holds_the_defaults() -> None:
    table = _uncommented()
    ca_file = Path("/etc/pacsd/s3-ca.pem")
    expected = StoreS3Settings.model_validate({"bucket": "pacsd", "ca_file": ca_file, **EXAMPLES})
    assert StoreS3Settings.model_validate({**table, "ca_file": ca_file}) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"bucket": "Not A Bucket"},
        {"buckett": "x"},
        {"prefix": "no-slash"},
        {"prefix": "../"},
        {"acknowledge": "soon"},
        {"concurrency": 0},
        {"part_bytes": 1},
    ],
)
def test_wrong_keys_and_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StoreS3Settings.model_validate({"bucket": "pacsd", **wrong})


@pytest.mark.parametrize(
    "right",
    [
        {"endpoint": "http://127.0.0.1:8333"},
        {"endpoint": "http://[::1]:8333"},
        {"endpoint": "https://far.example"},
        {"endpoint": "http://far.example", "allow_http": True},
    ],
)
def test_plain_http_stays_on_this_machine_unless_allowed(right: dict[str, object]) -> None:
    assert problems(StoreS3Settings.model_validate({"bucket": "pacsd", **right})) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"endpoint": "ftp://hidden"}, "endpoint: no URL with http or https and a host"),
        ({"endpoint": "https://user:hidden@host"}, "endpoint: has more than scheme"),
        ({"endpoint": "http://far.example"}, "plain http to far.example needs allow_http"),
        ({"endpoint": "https://[hidden"}, "endpoint: no URL"),
        ({"access_key_id": "hidden"}, "set both or neither"),
        ({"secret_access_key": "hidden"}, "set both or neither"),
    ],
)
def test_what_is_wrong_is_told_without_a_secret(wrong: dict[str, object], sentence: str) -> None:
    [problem] = problems(StoreS3Settings.model_validate({"bucket": "pacsd", **wrong}))
    assert sentence in problem
    assert "hidden" not in problem


def test_loopback_is_told() -> None:
    assert is_loopback("localhost")
    assert not is_loopback("10.0.0.1")
    assert not is_loopback("localhost.example")


def test_no_secret_is_shown() -> None:
    secrets = {"access_key_id": "hidden-1", "secret_access_key": "hidden-2"}
    chosen = StoreS3Settings.model_validate(
        {"bucket": "pacsd", **secrets, "session_token": "hidden-3"}
    )
    assert "hidden" not in f"{chosen!r} {chosen} {chosen.model_dump_json()}"


def _uncommented() -> dict[str, object]:
    text = CONF.read_text()
    for key in StoreS3Settings.model_fields:
        text = text.replace(f"# {key} = ", f"{key} = ")
    table: dict[str, object] = tomllib.loads(text)["plugins"]["store_s3"]
    return table
