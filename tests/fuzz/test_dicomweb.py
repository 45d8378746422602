"""Fuzz entries of the web grammar: multipart payloads, paths, queries and headers."""

from collections.abc import Callable

import pytest

from pacsd.dicomweb.accept import Representation, choose
from pacsd.dicomweb.change_parameters import change_parameters, cursor_of
from pacsd.dicomweb.errors import DicomWebError
from pacsd.dicomweb.etags import matches
from pacsd.dicomweb.multipart import Event, MultipartReader, PartData, related_of
from pacsd.dicomweb.query_string import parameters_of
from pacsd.dicomweb.ranges import byte_ranges
from pacsd.dicomweb.targets import path_of, target_of
from tests.fuzz.campaign import long_iterations, run

PIECE_BYTES = 7
OFFERS = (
    Representation("application/dicom", True, "1.2.840.10008.1.2", ("1.2.840.10008.1.2.1",)),
    Representation("application/dicom+json", False),
)


def multipart(data: bytes) -> None:
    """Feed a payload at once and in pieces: the same must come of it.

    Raises:
        DicomWebError: the payload is refused.
    """
    pieces = [data[place : place + PIECE_BYTES] for place in range(0, len(data), PIECE_BYTES)]
    (told, refusal), in_pieces = outcome([data]), outcome(pieces)
    if type(refusal) is not type(in_pieces[1]) or (refusal is None and told != in_pieces[0]):
        raise TypeError(f"{told}, {refusal} at once, {in_pieces} in pieces")
    if refusal is not None:
        raise refusal


def outcome(pieces: list[bytes]) -> tuple[list[Event | bytes], DicomWebError | None]:
    """The events, data joined, and what ended them."""
    reader = MultipartReader("b", 3)
    told: list[Event | bytes] = []
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                _add(told, event)
        reader.end()
    except DicomWebError as error:
        return told, error
    return told, None


def _add(told: list[Event | bytes], event: Event) -> None:
    if not isinstance(event, PartData):
        told.append(event)
    elif told and isinstance(last := told[-1], bytes):
        told[-1] = last + event.data
    else:
        told.append(bytes(event.data))


def path(data: bytes) -> None:
    """A target that can be read can be written, and read again."""
    target = target_of(data.decode("latin-1"))
    if target is not None and target_of(path_of(target)) != target:
        raise TypeError(f"{target} is not {path_of(target)}")


def of_text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("latin-1"))


target_of("/studies/1%2E2")  # makes the tables of paths and of percent-encoding, once

INSTANCE = b"/studies/1.2/series/1.3/instances/1.4"
PARSERS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "multipart": (multipart, [
        b"--b\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n--b\r\n\r\n\r\n--b--\r\n",
        b"preamble\r\n--b \t\r\nA: 1\r\n 2\r\n\r\n--b\r\n\r\n\r\n--bx\r\n--b--epilogue",
    ]),
    "path": (path, [
        INSTANCE + b"/frames/1,2/rendered", INSTANCE + b"/bulkdata/00081140/1/00091010",
        b"/studies/1%2E2/metadata",
    ]),
    "query": (of_text(parameters_of), [b"PatientName=%E5%B1%B1*&limit=10&includefield=all"]),
    "changes": (of_text(change_parameters), [b"since=17&epoch=9f2c&limit=10&wait=60&accept=a%2Fb"]),
    "last-event-id": (of_text(cursor_of), [b"9f2c:17", b"0123456789abcdef:9223372036854775807"]),
    "content-type": (of_text(related_of), [b'multipart/related; type="a/b"; boundary=b']),
    "accept": (of_text(lambda text: choose(OFFERS, [text])), [
        b'multipart/related; type="application/dicom"; transfer-syntax=*, */*;q=0.1',
        b"application/dicom+json;q=0.5, application/*;q=0",
    ]),
    "range": (of_text(lambda text: byte_ranges(text, 100)), [b"bytes=0-9,20-,-5", b"bytes=-0"]),
    "etags": (of_text(lambda text: matches(text, '"b"')), [b'"a", W/"b", "b"', b"*"]),
}  # fmt: skip


def refused_in_print(read: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def parse(data: bytes) -> object:
        try:
            return read(data)
        except DicomWebError as error:
            if not (str(error).isascii() and str(error).isprintable()):
                raise TypeError("a refusal that cannot be printed") from error
            raise

    return parse


@pytest.mark.parametrize("name", PARSERS)
def test_a_slice(name: str) -> None:
    read, corpus = PARSERS[name]
    report = run(refused_in_print(read), corpus, (DicomWebError,), iterations=1_000, seed=1)
    assert report.parsed > len(corpus)
    assert report.refused or name == "etags"


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", PARSERS)
def test_a_campaign(name: str) -> None:
    read, corpus = PARSERS[name]
    run(refused_in_print(read), corpus, (DicomWebError,), long_iterations(), seed=2)
