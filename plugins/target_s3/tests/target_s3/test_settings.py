import tomllib
from pathlib import Path

import pytest
from pacsd_target_s3.settings import TargetBucketSettings, TargetS3Settings, problems
from pydantic import ValidationError

CONF = Path(__file__).parents[2] / "conf.toml"
EXAMPLES: dict[str, object] = {
    "access_key_id": "...",
    "secret_access_key": "...",
    "session_token": "...",
    "credentials_file": Path("/etc/pacsd/offsite-keys"),
    "ca_file": Path("/etc/pacsd/s3-ca.pem"),
}


def settings(*targets: dict[str, object]) -> TargetS3Settings:
    given = [{"name": "offsite", "bucket": "hospital-copies", **each} for each in targets]
    return TargetS3Settings.model_validate({"target": given})


def test_the_example_shows_every_key_with_its_default() -> None:
    text = CONF.read_text(encoding="utf-8")
    for key in TargetBucketSettings.model_fields:
        text = text.replace(f"# {key} = ", f"{key} = ")
    table = tomllib.loads(text)["plugins"]["target_s3"]
    [target] = table["target"]
    assert target.keys() == TargetBucketSettings.model_fields.keys()
    assert TargetS3Settings.model_validate(table) == settings(EXAMPLES)


def test_what_can_be_used() -> None:
    assert problems(settings()) == []
    assert problems(settings({}, {"name": "b", "layout": "in/{study}_{instance}.dcm"})) == []
    kms: dict[str, object] = {
        "encryption": "aws:kms",
        "kms_key_id": "key",
        "storage_class": "DEEP_ARCHIVE",
    }
    assert problems(settings(kms)) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"layout": "{study}"}, "layout: '{study}' gives all instances one name"),
        ({"access_key_id": "hidden"}, "access_key_id and secret_access_key are set both or"),
        ({"endpoint": "http://far.example"}, "endpoint: plain http to far.example needs"),
        ({"encryption": "AES256", "kms_key_id": "key"}, "kms_key_id: needs encryption ="),
        ({"verify": "read", "storage_class": "GLACIER"}, 'verify: "read" cannot be with'),
    ],
)
def test_what_cannot(wrong: dict[str, object], said: str) -> None:
    [problem] = problems(settings(wrong))
    assert problem.startswith("target offsite: ")
    assert said in problem
    assert "hidden" not in problem


def test_a_name_is_there_once() -> None:
    [problem] = problems(settings({}, {}))
    assert problem == "target: the name offsite is there 2 times"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a/b"},
        {"bucket": "Not A Bucket"},
        {"at_once": 0},
        {"at_once": 65},
        {"verify": "maybe"},
        {"storage_class": "standard\r\nx: y"},
        {"buckett": "x"},
    ],
)
def test_wrong_keys_and_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(wrong)
