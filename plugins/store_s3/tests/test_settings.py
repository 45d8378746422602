import tomllib
from pathlib import Path

import pytest
from pacsd_store_s3.settings import StoreS3Settings
from pydantic import ValidationError

CONF = Path(__file__).parent.parent / "conf.toml"
EXAMPLES = {
    "access_key_id": "...",
    "secret_access_key": "...",
    "session_token": "...",
    "credentials_file": "/etc/pacsd/s3-keys",
}


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


def _uncommented() -> dict[str, object]:
    text = CONF.read_text()
    for key in StoreS3Settings.model_fields:
        text = text.replace(f"# {key} = ", f"{key} = ")
    table: dict[str, object] = tomllib.loads(text)["plugins"]["store_s3"]
    return table
