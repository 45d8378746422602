"""Fuzz entry of the canonical form: refused by a named error, or the same however bytes come."""

import pytest

from pacsd.dicom.canonical import canonical_forms
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import InflateError, ReencodeError, ScanError
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.corpus import objects
from tests.dicom.test_canonical import FRAGMENTS, JPEG, encapsulated, padding
from tests.dicom.test_rewrite import sample
from tests.dicom.written import BIG, DEFLATED, EXPLICIT, IMPLICIT, deflate
from tests.fuzz.campaign import MAX_INPUT_BYTES, Parser, long_iterations, run

SYNTAXES = (IMPLICIT, EXPLICIT, BIG, JPEG)
PLAIN = [sample(syntax) + padding(8, syntax) for syntax in SYNTAXES[:3]]
PLAIN += [sample(EXPLICIT) + encapsulated(*FRAGMENTS)]
PLAIN += [each.inflated for each in objects() if len(each.inflated) < MAX_INPUT_BYTES]
DEFLATED_ONES = [deflate(each) for each in PLAIN[:3]]
ALLOWED = (InflateError, ReencodeError, ScanError)


def canonical(data: bytes, syntax: TransferSyntax, cut: int) -> bytes:
    forms = canonical_forms(syntax.uid, syntax.uid)
    if forms is None:
        raise TypeError(f"{syntax.keyword} cannot be compared")
    out = [piece for part in (data[:cut], data[cut:]) for piece in forms[0].feed(part)]
    forms[0].finish()
    return b"".join(out)


def result_of(data: bytes, syntax: TransferSyntax, cut: int) -> object:
    try:
        return canonical(data, syntax, cut)
    except ALLOWED as error:
        return type(error)


def plain(data: bytes) -> object:
    """In two parts the same comes of it, or the same error."""
    syntax = SYNTAXES[sum(data) % len(SYNTAXES)]
    if len(data) % 3:
        return canonical(data, syntax, 0)
    in_parts, at_once = (result_of(data, syntax, cut) for cut in (len(data) // 2, 0))
    if in_parts != at_once:
        raise TypeError(f"{syntax.keyword}: {in_parts!r}, at once {at_once!r}")
    return at_once


def deflated(data: bytes) -> object:
    return canonical(data, DEFLATED, len(data) // 3)


@pytest.fixture(scope="module", autouse=True)
def first_uses() -> None:
    """What is read in once, when first needed, is no part of an input's budget of lines."""
    vr_of(0x00100010)
    vr_of(0x60000010)


ENTRIES = pytest.mark.parametrize(
    ("parser", "corpus", "iterations"), [(plain, PLAIN, 1_500), (deflated, DEFLATED_ONES, 1_000)]
)


@ENTRIES
def test_a_slice(parser: Parser, corpus: list[bytes], iterations: int) -> None:
    report = run(parser, corpus, ALLOWED, iterations=iterations, seed=1)
    assert report.parsed
    assert report.refused


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@ENTRIES
def test_a_campaign(parser: Parser, corpus: list[bytes], iterations: int) -> None:
    run(parser, corpus, ALLOWED, iterations=max(iterations, long_iterations() // 10), seed=2)
