from pathlib import Path

import pytest
from pydantic import ValidationError

from pacsd.net.web_targets import WebTargetSettings

HTTPS = "https://siteb.example.org/dicomweb"


def test_files_are_seen_from_a_folder() -> None:
    settings = WebTargetSettings(
        name="siteb", url=HTTPS, token_file=Path("token"), ca_file=Path("/ca.pem")
    )
    seen = settings.seen_from(Path("/etc/pacsd"))
    assert (seen.token_file, seen.ca_file) == (Path("/etc/pacsd/token"), Path("/ca.pem"))
    assert seen.certificate_file is None


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"url": "ftp://siteb"}, "is no http:// or https:// URL"),
        ({"url": "https://user:secret@siteb/"}, "has a user name or password in it"),
        ({"name": "a b"}, "pattern"),
        ({"url": "http://siteb/dicomweb", "token_file": "t"}, "would be sent in the clear"),
        ({"url": "http://siteb/dicomweb", "ca_file": "c"}, "are for https:// alone"),
        ({"key_file": "k"}, "needs certificate_file"),
    ],
)
def test_what_is_no_target_is_refused(given: dict[str, str], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        WebTargetSettings.model_validate({"name": "siteb", "url": HTTPS, **given})


def test_a_token_may_go_in_the_clear_to_this_machine() -> None:
    settings = {"name": "here", "url": "http://127.0.0.1:8080/dicomweb", "token_file": "t"}
    assert WebTargetSettings.model_validate(settings).token_file == Path("t")
