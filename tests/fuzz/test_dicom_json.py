"""Fuzz entries of DICOM JSON: written of any bytes, read of any text, refused by a named error."""

import json

import pytest

from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import JsonModelError, ScanError
from pacsd.dicom.json_reader import read_json
from pacsd.dicom.json_writer import JsonWriter
from tests.dicom.corpus import objects
from tests.dicom.test_rewrite import sample
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT
from tests.fuzz.campaign import MAX_INPUT_BYTES, Parser, long_iterations, run

SYNTAXES = (IMPLICIT, EXPLICIT, BIG)
WRITTEN = [sample(syntax) for syntax in SYNTAXES]
WRITTEN += [each.inflated for each in objects() if len(each.inflated) < MAX_INPUT_BYTES]


def as_json(data: bytes, writer: JsonWriter) -> bytes:
    return writer.join(writer.members(data, SYNTAXES[sum(data) % len(SYNTAXES)]), "bulk/")


def write(data: bytes) -> object:
    """What is remembered says the same, and it is JSON."""
    writer = JsonWriter(max_inline_bytes=64)
    first, again = as_json(data, writer), as_json(data, writer)
    if first != again:
        raise TypeError(f"{first!r}, and then {again!r}")
    return json.loads(first)


def read(data: bytes) -> object:
    """What is read can be read as a data set."""
    return [read_data_set(each.raw, EXPLICIT, keeps_empty_items=True) for each in read_json(data)]


TOLD = [as_json(each, JsonWriter()) for each in WRITTEN[:3]]
TOLD += [
    b'[{"00081140":{"vr":"SQ","Value":[{},{"7FE00010":{"vr":"OW","BulkDataURI":"x"}}]}}]',
    b'{"00101030":{"vr":"DS","Value":[1.5e3,null,"2"]},"00091001":{"vr":"OB","InlineBinary":"AA=="}}',
    b'{"00091001":{"vr":"FD","Value":["NaN",-0.0]},"00091002":{"vr":"UV","Value":["7",18446744073]}}',
]
CODECS: list[tuple[Parser, list[bytes], tuple[type[Exception], ...]]] = [
    (write, WRITTEN, (ScanError,)),
    (read, TOLD, (JsonModelError,)),
]


@pytest.fixture(scope="module", autouse=True)
def first_uses() -> None:
    """What is read in once, when first needed, is no part of an input's budget of lines."""
    vr_of(0x00100010)
    vr_of(0x60000010)


@pytest.mark.parametrize(("codec", "corpus", "allowed"), CODECS, ids=["write", "read"])
def test_a_slice(codec: Parser, corpus: list[bytes], allowed: tuple[type[Exception], ...]) -> None:
    report = run(codec, corpus, allowed, iterations=1_000, seed=1)
    assert report.parsed
    assert report.refused


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@pytest.mark.parametrize(("codec", "corpus", "allowed"), CODECS, ids=["write", "read"])
def test_a_campaign(
    codec: Parser, corpus: list[bytes], allowed: tuple[type[Exception], ...]
) -> None:
    run(codec, corpus, allowed, long_iterations(), seed=2)
