"""What instances wait for; `test_storing_metadata.py` has it with real payloads."""

import orjson
import pytest

from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.json_reader import read_json
from pacsd.dicomweb.media_types import MediaType
from pacsd.net.web.bulk_parts import Bulk, BulkPart, TextCheck, Waiting, await_parts, syntax_of
from pacsd.net.web.store_report import NotStored, Stored
from tests.dicom.written import EXPLICIT

OCTETS = MediaType("application", "octet-stream")
PDF = MediaType("application", "pdf")


def waiting(**attributes: object) -> Waiting:
    (found,) = read_json(orjson.dumps({name[1:]: value for name, value in attributes.items()}))
    return Waiting(Stored(), found, read_data_set(found.raw, EXPLICIT))


def part(data: bytes, media_type: MediaType = OCTETS, *, is_text: bool = True) -> BulkPart:
    made = BulkPart(media_type, 0, is_text=is_text)
    made.passed(memoryview(data))
    return made


def bulk(vr: str, uri: str = "x") -> dict[str, str]:
    return {"vr": vr, "BulkDataURI": uri}


def test_who_waits_for_what() -> None:
    one = waiting(T00091001=bulk("OB"), T00091002=bulk("OB"), T00104000=bulk("LT", "y"))
    other = waiting(T00091001=bulk("OB"))
    awaited = await_parts([one, other])
    assert {uri: each.waiting for uri, each in awaited.items()} == {"x": [one, other], "y": [one]}
    assert [awaited["x"].users, awaited["y"].users] == [2, 1]
    assert [awaited["x"].is_text, awaited["y"].is_text] == [False, True]
    assert one.missing == {"x", "y"}
    assert one.bulk == [awaited["x"], awaited["x"], awaited["y"]]


def refusal(instance: Waiting, *parts: BulkPart) -> str:
    instance.bulk = [Bulk(parts=list(parts))]
    with pytest.raises(NotStored) as refused:
        syntax_of(instance)
    return str(refused.value)


def test_values_that_are_none() -> None:
    assert "2 parts are one value" in refusal(waiting(T00091001=bulk("OB")), *[part(b"a")] * 2)
    assert "no whole words" in refusal(waiting(T00091001=bulk("OW")), part(b"abc"))
    assert "is not UTF-8" in refusal(waiting(T00104000=bulk("LT")), part(b"\xff", is_text=False))
    assert "application/pdf is not" in refusal(waiting(T00091001=bulk("OB")), part(b"ab", PDF))


@pytest.mark.parametrize("media_type", [PDF, OCTETS])
def test_a_document_is_of_its_own_media_type(media_type: MediaType) -> None:
    mime = {"vr": "LO", "Value": ["application/PDF"]}
    instance = waiting(T00420011=bulk("OB"), T00420012=mime)
    instance.bulk = [Bulk(parts=[part(b"%PDF", media_type)])]
    assert syntax_of(instance) == EXPLICIT
    assert "is not" in refusal(instance, part(b"text", MediaType("text", "xml")))


def test_pixels_within_metadata_are_samples() -> None:
    pixels = {"vr": "OB", "InlineBinary": "AAAA"}
    assert syntax_of(waiting(T7FE00010=pixels)) == EXPLICIT
    jpeg = {"vr": "UI", "Value": ["1.2.840.10008.1.2.4.50"]}
    assert syntax_of(waiting(T00020010=jpeg)) == EXPLICIT
    with pytest.raises(NotStored, match="is not image/jpeg"):
        syntax_of(waiting(T7FE00010=pixels, T00020010=jpeg))


def test_a_part_keeps_its_beginning() -> None:
    made = BulkPart(OCTETS, 7)
    for piece in (b"a", b"bc", b"def"):
        made.passed(memoryview(piece))
    assert (made.head, made.spooled.offset, made.spooled.size_bytes) == (b"ab", 7, 6)


def test_text_in_pieces() -> None:
    check = TextCheck()
    whole = "Müller".encode()
    assert check.is_text(memoryview(whole)[:2])
    assert check.is_text(memoryview(whole)[2:], is_last=True)
    assert not TextCheck().is_text(memoryview(whole)[:2], is_last=True)
    assert not TextCheck().is_text(memoryview(b"\xe9t\xe9"))
