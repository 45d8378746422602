"""The page that lets a person try DICOMweb: one HTML file that needs no other.

Style and script stand in it, and the Content-Security-Policy lets exactly these two run: whatever
else got into the page would not (CSP Level 3, section 2.3.1).
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from importlib.resources import files

_FOLDER = "page_files"
_STYLE_MARK, _SCRIPT_MARK = "/*style*/", "/*script*/"


@dataclass(frozen=True, slots=True)
class Page:
    """The page, and the policy that it leaves with."""

    html: bytes
    policy: str


def load_page() -> Page:
    """Put the page together of its files in the package.

    Raises:
        OSError: one is missing.
    """
    style, script = _text("page.css"), _text("page.js")
    html = _text("page.html").replace(_STYLE_MARK, style).replace(_SCRIPT_MARK, script)
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(html.encode(), policy)


def _text(name: str) -> str:
    return files(__package__).joinpath(_FOLDER, name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
