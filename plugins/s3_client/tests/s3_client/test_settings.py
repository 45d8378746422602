import pytest
from pacsd_s3_client.settings import BucketSettings, is_loopback, missing_client, problems


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
    assert problems(BucketSettings.model_validate({"bucket": "pacsd", **right})) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"endpoint": "ftp://hidden"}, "endpoint: no URL with http or https and a host"),
        ({"endpoint": "https://user:hidden@host"}, "endpoint: has more than scheme"),
        ({"endpoint": "http://far.example"}, "plain http to far.example needs allow_http"),
        ({"endpoint": "https://[hidden"}, "endpoint: no URL"),
        ({"access_key_id": "hidden"}, "set both or neither"),
        ({"secret_access_key": "hidden"}, "set both or neither"),
        ({"session_token": "hidden", "credentials_file": "/etc/keys"}, "in place of keys"),
        ({"credentials_file": "keys"}, "credentials_file: keys does not begin with /"),
        ({"ca_file": "/gone/ca.pem"}, "ca_file: /gone/ca.pem is no file"),
    ],
)
def test_what_is_wrong_is_told_without_a_secret(wrong: dict[str, object], sentence: str) -> None:
    [problem] = problems(BucketSettings.model_validate({"bucket": "pacsd", **wrong}))
    assert sentence in problem
    assert "hidden" not in problem


def test_loopback_is_told() -> None:
    assert is_loopback("localhost")
    assert not is_loopback("10.0.0.1")
    assert not is_loopback("localhost.example")


def test_no_secret_is_shown() -> None:
    secrets = {"access_key_id": "hidden-1", "secret_access_key": "hidden-2"}
    chosen = BucketSettings.model_validate(
        {"bucket": "pacsd", **secrets, "session_token": "hidden-3"}
    )
    assert "hidden" not in f"{chosen!r} {chosen} {chosen.model_dump_json()}"


def test_the_client_is_there() -> None:
    assert missing_client() == []


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsd_s3_client.settings.find_spec", lambda _: None)
    assert missing_client() == ["obstore is not installed: pip install 'pacsd[s3]'"]
