"""Peers' text, made fit for columns and keys of every database."""

import hashlib
import re

MAX_TEXT = 1024
"""Longest text of a column; PostgreSQL's index entries end at 2.7 KB, and the header has it all."""

_DIGEST_DIGITS = 64
# PostgreSQL takes no NUL, UTF-8 no lone surrogate.
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text without what no database takes, cut after MAX_TEXT bytes at most."""
    if len(text) <= MAX_TEXT and text.isascii() and "\0" not in text:
        return text
    clean = _NOT_STORABLE.sub("\ufffd", text[: MAX_TEXT + 1])
    raw = clean.encode()
    return clean if len(raw) <= MAX_TEXT else raw[:MAX_TEXT].decode(errors="ignore")


def storable_key(text: str) -> str:
    """Like `storable`, but different texts stay different: what is cut ends in a digest."""
    short = storable(text)
    if short == text:
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    raw = short.encode()[: MAX_TEXT - _DIGEST_DIGITS - 1]
    return f"{raw.decode(errors='ignore')}~{digest}"
