"""Fuzz entry of re-encoding: refused by a named error, or the same however the bytes come."""

import pytest

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import InflateError, ReencodeError, ScanError
from pacsd.dicom.reencode import Reencoder
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.walk import MAX_DEPTH
from tests.dicom.corpus import objects
from tests.dicom.test_rewrite import sample
from tests.dicom.written import BIG, DEFLATED, EXPLICIT, IMPLICIT, deflate, item, sequence
from tests.fuzz.campaign import MAX_INPUT_BYTES, Parser, long_iterations, run

SYNTAXES = (IMPLICIT, EXPLICIT, BIG)
NATIVE = [sample(syntax) for syntax in SYNTAXES] + [
    each.inflated[:MAX_INPUT_BYTES]
    for each in objects()
    if len(each.inflated) < MAX_INPUT_BYTES and not each.syntax.is_encapsulated
]
DEFLATED_ONES = [deflate(each) for each in NATIVE[:5]]
ALLOWED = (ReencodeError, ScanError)


def reencoded(data: bytes, source: TransferSyntax, target: TransferSyntax, cut: int) -> bytes:
    reencoder = Reencoder(source, target)
    out = [bytes(piece) for part in (data[:cut], data[cut:]) for piece in reencoder.feed(part)]
    return b"".join([*out, *map(bytes, reencoder.finish())])


def native(data: bytes) -> object:
    """Into another encoding; in two parts the same comes of it, or the same error."""
    source = SYNTAXES[sum(data) % len(SYNTAXES)]
    target = SYNTAXES[(sum(data) + 1 + len(data) % 2) % len(SYNTAXES)]
    if len(data) % 3:
        return reencoded(data, source, target, 0)
    in_parts = result_of(data, source, target, len(data) // 2)
    at_once = result_of(data, source, target, 0)
    if in_parts != at_once:
        raise TypeError(f"{source.keyword} to {target.keyword}: {in_parts}, at once {at_once}")
    return at_once


def result_of(data: bytes, source: TransferSyntax, target: TransferSyntax, cut: int) -> object:
    try:
        return reencoded(data, source, target, cut)
    except ALLOWED as error:
        return type(error)


def deflated(data: bytes) -> object:
    return reencoded(data, DEFLATED, IMPLICIT, len(data) // 3)


@pytest.fixture(scope="module", autouse=True)
def first_uses() -> None:
    """What is read in once, when first needed, is no part of an input's budget of lines."""
    vr_of(0x00100010)
    vr_of(0x60000010)


ENTRIES = pytest.mark.parametrize(
    ("parser", "corpus", "allowed", "iterations"),
    [
        (native, NATIVE, ALLOWED, 1_500),
        (deflated, DEFLATED_ONES, (*ALLOWED, InflateError), 1_000),
    ],
)


@ENTRIES
def test_a_slice(
    parser: Parser, corpus: list[bytes], allowed: tuple[type[Exception], ...], iterations: int
) -> None:
    report = run(parser, corpus, allowed, iterations=iterations, seed=1)
    assert report.parsed
    assert report.refused


def test_the_deepest_nesting_is_within_the_budget() -> None:
    data = b""
    for _ in range(MAX_DEPTH):
        data = sequence(0x00081140, item(data, is_undefined=True), is_undefined=True)
    assert run(native, [data * 3], ALLOWED, iterations=0).parsed


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@ENTRIES
def test_a_campaign(
    parser: Parser, corpus: list[bytes], allowed: tuple[type[Exception], ...], iterations: int
) -> None:
    run(parser, corpus, allowed, iterations=max(iterations, long_iterations() // 10), seed=2)
