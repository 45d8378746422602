"""XML as peers send it, parsed within bounds and without document types (XML 1.0).

Where entities cannot be declared, none is expanded and nothing is fetched: a document type is
refused as soon as it begins, before anything in it is read.
"""

from collections.abc import Mapping
from typing import NoReturn, Protocol
from xml.parsers import expat

from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.text import printable

MAX_TAG_BYTES = 262_144
"""Of a tag, comment or instruction: the parser holds it whole, with each attribute in it."""
MAX_PREFIXES = 64
"""Of namespaces: the parser keeps each to the end."""

ENCODINGS = ("UTF-8", "UTF-16", "US-ASCII", *(f"ISO-8859-{part}" for part in range(1, 10)),
             "ISO-8859-15", "TIS-620")  # fmt: skip
"""What is read: what the parser itself knows, and the single-byte sets that DCMTK writes. Asked
for any other the parser would look for a codec of that name, and fail by the codec's errors."""

_KNOWN = frozenset(ENCODINGS)
_PIECE_BYTES = 65_536
_DIVIDER = " "


class XmlEvents(Protocol):
    """Who is told what is in a document."""

    def start(self, namespace: str, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins; attributes of namespaces, such as `xml:space`, are left out."""

    def end(self) -> None:
        """The element that began last, of those still open, ends."""

    def text(self, text: str) -> None:
        """Characters stand here, or a part of them."""


def parse_xml(data: bytes, events: XmlEvents) -> None:
    """Tell `events` what is in a document.

    Raises:
        NativeModelError: it is none; it has a document type, an encoding that is not among
            ENCODINGS, or more than the bounds above. What `events` raises passes through.
    """
    parser = expat.ParserCreate(namespace_separator=_DIVIDER)
    _listen(parser, events)
    begun = 0
    try:
        for start in range(0, len(data), _PIECE_BYTES):
            piece = data[start : start + _PIECE_BYTES]
            parser.Parse(piece, False)
            # From version 2.6 on expat may put off a long tag, and then tells -1 for where it is.
            begun = max(begun, parser.CurrentByteIndex)
            if start + len(piece) - begun > MAX_TAG_BYTES:
                raise NativeModelError(
                    f"XML: byte {begun} begins a tag or comment of more than {MAX_TAG_BYTES} bytes "
                    "(our bound)"
                )
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise NativeModelError(f"XML: {error} (XML 1.0)") from None


def _listen(parser: expat.XMLParserType, events: XmlEvents) -> None:
    prefixes: set[str] = set()

    def start(name: str, attributes: Mapping[str, str]) -> None:
        namespace, _, local = name.rpartition(_DIVIDER)
        plain = {key: value for key, value in attributes.items() if _DIVIDER not in key}
        events.start(namespace, local, plain)

    def declare(prefix: str | None, _uri: str) -> None:
        prefixes.add(prefix or "")
        if len(prefixes) > MAX_PREFIXES:
            raise NativeModelError(f"XML: has more than {MAX_PREFIXES} prefixes (our bound)")

    parser.buffer_text = True
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartNamespaceDeclHandler = declare
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: events.end()
    parser.CharacterDataHandler = events.text


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.upper() not in _KNOWN:
        raise NativeModelError(
            f"XML: encoding '{printable(encoding)}' is not read, as UTF-8 is (our rule)"
        )


def _refuse_document_type(name: str, *_: object) -> NoReturn:
    raise NativeModelError(f"XML: document type '{printable(name)}' is not read (our rule)")
