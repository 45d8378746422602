"""The page, as far as no browser is needed: what it holds is what its policy lets run."""

import hashlib
import re
from base64 import b64encode

from pacsd.net.web.page import load_page


def test_style_and_script_are_those_of_the_policy() -> None:
    page = load_page()
    text = page.html.decode()
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        found = re.findall(f"<{element}>(.+?)</{element}>", text, re.DOTALL)
        assert len(found) == 1
        digest = b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in page.policy


def test_it_needs_nothing_else() -> None:
    page = load_page()
    text = page.html.decode()
    assert not re.search(r"https?://|@import|url\(", text)
    assert not re.search(r"\son\w+=|\sstyle=|innerHTML|eval\(|document\.write", text)
    assert "default-src 'none'" in page.policy
    assert "unsafe" not in page.policy
