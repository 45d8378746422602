import pytest
from pydantic import ValidationError

from pacsd.dicomweb.client_profile import PROFILES, ClientRule
from pacsd.net.web.settings import DicomWebSettings, WebClientSettings


def test_what_holds_unless_somebody_says_so() -> None:
    settings = DicomWebSettings()
    assert settings.enabled
    assert (settings.public_url, settings.cors_origins) == ("", ())
    assert (settings.max_results, settings.max_requests) == (10_000, 64)
    assert settings.max_change_readers == 16


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ""),
        ("https://pacs.example.org/dicomweb", "https://pacs.example.org/dicomweb"),
        ("http://10.0.0.1:8080/a/b/", "http://10.0.0.1:8080/a/b"),
    ],
)
def test_public_urls(url: str, expected: str) -> None:
    assert DicomWebSettings(public_url=url).public_url == expected


@pytest.mark.parametrize(
    "url",
    ["pacs.example.org", "/dicomweb", "ftp://a/b", "https://", "https://a/b?c=d", "https://a/b#c"],
)
def test_what_is_no_public_url(url: str) -> None:
    with pytest.raises(ValidationError, match="is no http:// or https:// URL"):
        DicomWebSettings(public_url=url)


def test_origins_may_be_text_as_in_the_environment() -> None:
    both = ("https://viewer.example.org", "http://localhost:3000")
    assert DicomWebSettings(cors_origins=both).cors_origins == both
    text = DicomWebSettings.model_validate({"cors_origins": ",".join(both)})
    assert text.cors_origins == both


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "viewer.example.org", "https://a/", "https://a/b", "file://a", "https://A?b", ""],
)
def test_what_is_no_origin(origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        DicomWebSettings(cors_origins=(origin,))


def test_clients() -> None:
    viewer = WebClientSettings(origin="https://viewer.example.org", profile="ohif")
    assert viewer.rule == ClientRule(PROFILES["ohif"], origin="https://viewer.example.org")


def test_each_profile_is_described_by_what_it_does() -> None:
    described = WebClientSettings.model_fields["profile"].description or ""
    for name, profile in PROFILES.items():
        assert f'"{name}": {profile.words}.' in described
    tested = WebClientSettings(user_agent="Tested", profile="strict")
    assert tested.rule == ClientRule(PROFILES["strict"], user_agent="Tested")
    for wrong in ({"origin": "viewer"}, {"profile": "netscape"}, {"agent": "x"}):
        with pytest.raises(ValidationError):
            WebClientSettings.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_results": 0},
        {"max_requests": 0},
        {"max_change_readers": 0},
        {"max_change_readers": 129},
        {"max_results": 1_000_001},
        {"maximum": 1},
    ],
)
def test_bounds(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        DicomWebSettings.model_validate(wrong)
