"""What clients need that others do not."""

import pytest

from pacsd.dicomweb.accept import Representation, choose
from pacsd.dicomweb.client_profile import (
    PROFILES,
    USUAL,
    ClientRule,
    Profile,
    ProfileName,
    profile_of,
)

JSON = (
    Representation("application/dicom+json", is_multipart=False),
    Representation("application/json", is_multipart=False),
)
FRAMES = tuple(
    Representation("application/octet-stream", is_multipart=each) for each in (True, False)
)
DICOM = Representation("application/dicom", is_multipart=True)
ZIP = Representation("application/zip", is_multipart=False)
STRICT, OHIF = PROFILES["strict"], PROFILES["ohif"]


def default(name: ProfileName, offers: tuple[Representation, ...], *accept: str) -> str:
    chosen = choose(PROFILES[name].ordered(offers), accept).representation
    return "parts" if chosen.is_multipart else chosen.media_type


@pytest.mark.parametrize(
    ("name", "json", "frames"),
    [
        ("usual", "application/dicom+json", "parts"),
        ("weasis", "application/dicom+json", "parts"),
        ("strict", "application/dicom+json", "parts"),
        ("ohif", "application/dicom+json", "application/octet-stream"),
        ("cornerstone", "application/dicom+json", "application/octet-stream"),
        ("plain", "application/json", "application/octet-stream"),
    ],
)
def test_what_who_takes_anything_gets(name: ProfileName, json: str, frames: str) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for accept in ([], ["*/*"], [browser]):
        assert default(name, JSON, *accept) == json
        assert default(name, FRAMES, *accept) == frames


def test_profiles_that_differ_are_told_apart_in_words() -> None:
    told = {profile: profile.words for profile in PROFILES.values()}
    assert len({*told.values()}) == len(told)
    assert USUAL.words == "nothing differs"
    assert PROFILES["cornerstone"].words in OHIF.words
    assert all("nothing" not in words for profile, words in told.items() if profile != USUAL)


@pytest.mark.parametrize("name", PROFILES)
def test_a_study_is_no_zip_unless_one_says_so(name: ProfileName) -> None:
    assert default(name, (DICOM, ZIP), "*/*") == "parts"


@pytest.mark.parametrize("name", PROFILES)
def test_who_says_what_it_takes_gets_that(name: ProfileName) -> None:
    assert default(name, JSON, "application/dicom+json") == "application/dicom+json"
    assert default(name, JSON, "application/json") == "application/json"
    octets = 'multipart/related; type="application/octet-stream"'
    assert default(name, FRAMES, octets) == "parts"
    assert default(name, FRAMES, "application/octet-stream") == "application/octet-stream"


@pytest.mark.parametrize(
    ("user_agent", "origin", "expected"),
    [
        ("Mozilla/5.0 (X11)", "https://viewer.example", OHIF),
        ("Mozilla/5.0 (X11)", "https://other.example", USUAL),
        ("Mozilla/5.0 (X11)", "", USUAL),
        ("Tested-Client/1", "", STRICT),
        ("a TESTED-client", "https://other.example", STRICT),
        ("tested-client", "https://viewer.example", OHIF),
        ("", "", USUAL),
    ],
)
def test_the_first_rule_about_a_client_counts(
    user_agent: str, origin: str, expected: Profile
) -> None:
    rules = (
        ClientRule(OHIF, origin="https://viewer.example"),
        ClientRule(STRICT, user_agent="Tested-Client"),
    )
    assert profile_of(rules, user_agent, origin) == expected


def test_a_rule_may_want_both_or_nothing() -> None:
    both = ClientRule(STRICT, "curl", "https://viewer.example")
    assert both.is_about("curl/8", "https://viewer.example")
    assert not both.is_about("curl/8", "")
    assert not both.is_about("wget", "https://viewer.example")
    assert ClientRule(STRICT).is_about("", "")
