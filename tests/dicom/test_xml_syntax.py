from collections.abc import Mapping
from socket import create_server

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.xml_syntax import ENCODINGS, MAX_PREFIXES, MAX_TAG_BYTES, parse_xml


class Heard:
    """What was told of a document."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.characters = ""

    def start(self, namespace: str, name: str, attributes: Mapping[str, str]) -> None:
        self.events.append((namespace, name, dict(attributes)))

    def end(self) -> None:
        self.events.append("end")

    def text(self, text: str) -> None:
        self.characters += text


def heard(data: bytes) -> Heard:
    found = Heard()
    parse_xml(data, found)
    return found


def refusal(data: bytes) -> str:
    with pytest.raises(NativeModelError) as refused:
        heard(data)
    assert str(refused.value).isprintable()
    return str(refused.value)


def test_elements_with_their_namespaces() -> None:
    found = heard(b'<a xmlns="urn:u" xml:space="preserve" b="1">x<c xmlns=""/>&lt;&#10;</a>')
    assert found.events == [("urn:u", "a", {"b": "1"}), ("", "c", {}), "end", "end"]
    assert found.characters == "x<\n"


def test_a_prefix_means_its_namespace() -> None:
    found = heard(b'<p:a xmlns:p="urn:u" p:c="1" c="2"/>')
    assert found.events == [("urn:u", "a", {"c": "2"}), "end"]


def test_text_may_be_long() -> None:
    long = "x" * (3 * MAX_TAG_BYTES)
    assert heard(f"<a>{long}</a>".encode()).characters == long
    assert heard(f"<a><![CDATA[{long}]]></a>".encode()).characters == long
    many = "é\n" * MAX_TAG_BYTES
    assert heard(f"<a>{many}</a>".encode()).characters == many


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(encoding: str) -> None:
    text = bytes(range(0xA1, 0xC8)).decode(encoding, "ignore") if encoding[:3] == "ISO" else "abc"
    for written in (encoding, encoding.lower()):
        document = f'<?xml version="1.0" encoding="{written}"?><a>{text}</a>'
        assert heard(document.encode(encoding)).characters == text


def test_a_byte_order_mark_is_none_of_the_text() -> None:
    assert heard(b"\xef\xbb\xbf<a>x</a>").characters == "x"
    assert heard("<a>ü</a>".encode("utf-16")).characters == "ü"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "no element found"),
        (b"{}", "not well-formed"),
        (b"<a>", "no element found"),
        (b"<a/><b/>", "junk after document element"),
        (b"<a></b>", "mismatched tag"),
        (b'<a b="1" b="2"/>', "duplicate attribute"),
        (b"<p:a/>", "unbound prefix"),
        (b"<a>\xff</a>", "not well-formed"),
        (b"<a>\xed\xa0\x80</a>", "not well-formed"),
        (b"<a>\0</a>", "not well-formed"),
        (b"<a>&#27;$B</a>", "invalid character number"),
        (b"<a>&b;</a>", "undefined entity"),
        (b'<a b="&c;"/>', "undefined entity"),
        (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="US-ASCII"?><a>\xe9</a>', "not well-formed"),
        (b'<?xml version="1.0" encoding="GB18030"?><a/>', "encoding 'GB18030' is not read"),
        (b'<?xml version="1.0" encoding="idna"?><a/>', "encoding 'idna' is not read"),
        (b'<?xml version="1.0" encoding="rot13"?><a/>', "encoding 'rot13' is not read"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "encoding 'no-such' is not read"),
    ],
)
def test_what_is_no_xml(data: bytes, rule: str) -> None:
    assert rule in refusal(data)


def billion_laughs(levels: int) -> bytes:
    entities = ["<!ENTITY a{} '{}'>".format(n, f"&a{n - 1};" * 10) for n in range(1, levels)]
    declared = "<!ENTITY a0 'lol'>" + "".join(entities)
    return f"<!DOCTYPE lolz [{declared}]><a>&a{levels - 1};</a>".encode()


QUADRATIC = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 50_000 + b'">]><a>' + b"&b;" * 50_000 + b"</a>"
DOCUMENT_TYPES = {
    "billion laughs": billion_laughs(12),
    "quadratic": QUADRATIC,
    "of one's own": b"<!DOCTYPE NativeDicomModel><NativeDicomModel/>",
    "an entity": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "a parameter entity": b'<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd">%b;]><a/>',
    "a file": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a file by its name": b'<!DOCTYPE a SYSTEM "file:///dev/random"><a/>',
    "an attribute list": b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
    "a notation": b'<!DOCTYPE a [<!NOTATION b SYSTEM "c">]><a/>',
    "not closed": b"<!DOCTYPE a [",
    "behind a comment": b'<?xml version="1.0"?><!-- x --><?pi?> <!DOCTYPE a><a/>',
    "two bytes to a character": "<!DOCTYPE a><a/>".encode("utf-16"),
    "recursive": b'<!DOCTYPE a [<!ENTITY b "&c;"><!ENTITY c "&b;">]><a>&b;</a>',
}


@pytest.mark.parametrize("data", DOCUMENT_TYPES.values(), ids=DOCUMENT_TYPES.keys())
def test_w12_a_document_type_is_refused_before_it_is_read(data: bytes) -> None:
    assert "document type" in refusal(data)


def test_w12_nothing_is_fetched() -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        for kind in ("SYSTEM", 'PUBLIC "x"'):
            entity = f'<!DOCTYPE a [<!ENTITY b {kind} "{url}">]><a>&b;</a>'
            for document in (entity, f'<!DOCTYPE a {kind} "{url}"><a/>'):
                assert "document type" in refusal(document.encode())
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    "data",
    [
        b"<a " + b"".join(b'b%d="" ' % number for number in range(60_000)) + b"/>",
        b"<a><" + b"b" * 400_000 + b"/></a>",
        b"<a><!--" + b"x" * 400_000,
        b"<!--" + b"x" * 400_000 + b"--><a/>",
        b"<?pi " + b"x" * 400_000 + b"?><a/>",
        b'<a b="' + b"x" * 400_000 + b'"/>',
    ],
)
def test_w12_tags_and_comments_are_bounded(data: bytes) -> None:
    assert f"more than {MAX_TAG_BYTES} bytes" in refusal(data)


def test_w12_namespaces_are_bounded() -> None:
    def document(count: int) -> bytes:
        inner = '<b xmlns="urn:v"/>' * 2
        declared = "".join(f' xmlns:p{number}="urn:u"' for number in range(count))
        return f"<a{declared}>{inner}</a>".encode()

    assert len(heard(document(MAX_PREFIXES - 1)).events) == 6
    assert f"more than {MAX_PREFIXES} prefixes" in refusal(document(MAX_PREFIXES))


def test_w12_depth_is_for_who_hears_it() -> None:
    """The parser itself does not go into what it parses: no depth ends its stack."""
    depth = 200_000
    assert len(heard(b"<a>" * depth + b"</a>" * depth).events) == 2 * depth


@given(st.binary(max_size=300) | st.text('<>&;!?/ab"=[]-x:', max_size=80).map(str.encode))
def test_w12_anything_is_read_or_refused(data: bytes) -> None:
    try:
        heard(data)
    except NativeModelError as refused:
        assert str(refused).isprintable()  # noqa: PT017 - or there is no error at all
