import struct
import warnings
from collections.abc import Iterator
from itertools import product

import pytest

from pacsd.dicom.errors import InflateError, ReencodeError, ScanError
from pacsd.dicom.explicit_vr import PIXEL_REPRESENTATION
from pacsd.dicom.inflate import inflate
from pacsd.dicom.reencode import (
    MAX_BEGINNING_BYTES,
    REENCODABLE,
    Reencoder,
    is_reencodable,
)
from pacsd.dicom.registry import TransferSyntax, transfer_syntaxes
from tests.dicom.as_pydicom_reads import lines
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.written import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    deflate,
    element,
    item,
    known,
    sequence,
)

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
UID = 0x00081155
ZERO_VELOCITY = 0x00189810
# Cut short, or with an item that is longer than its sequence.
BROKEN = {"MR_truncated.dcm", "rtplan_truncated.dcm", "DICOMDIR-nooffset"}


def reencode(
    data: bytes, source: TransferSyntax, target: TransferSyntax, part: int = 1 << 20
) -> bytes:
    reencoder = Reencoder(source, target)

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(data), part):
            yield from map(bytes, reencoder.feed(data[at : at + part]))
        yield from map(bytes, reencoder.finish())

    return b"".join(pieces())


def native() -> list[CorpusObject]:
    return [each for each in objects() if each.syntax.uid in REENCODABLE]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "target", [known(uid) for uid in REENCODABLE], ids=lambda each: each.keyword
)
def test_pydicom_reads_the_same_in_every_object(
    target: TransferSyntax, subtests: pytest.Subtests
) -> None:
    for each in native():
        with subtests.test(path=each.path.name, syntax=each.syntax.keyword):
            if each.path.name in BROKEN:
                continue
            data = reencode(each.data_set, each.syntax, target)
            assert reencode(each.data_set, each.syntax, target, 1000) == data
            assert differing_lines(data, target, each) == []


def differing_lines(data: bytes, target: TransferSyntax, of: CorpusObject) -> list[object]:
    """What pydicom reads of a re-encoded data set that is not what it reads of the object."""
    found = lines(inflate(data)[0] if target.is_deflated else data, target)
    expected = lines(of.inflated, of.syntax)
    assert [where for where, _, _ in found] == [where for where, _, _ in expected]
    return [
        (line, other)
        for line, other in zip(found, expected, strict=True)
        if line[2] != other[2] or not (target.is_implicit_vr or _fits(line[1], other[1]))
    ]


def _fits(found: str, expected: str) -> bool:
    """What pydicom has of its own private dictionary is UN; PS3.5 section A.2 leaves choices."""
    return found in {expected, "UN"} or {found, expected} <= {"OB", "OW", "US"}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_objects_are_refused(name: str) -> None:
    for each in (each for each in native() if each.path.name == name):
        with pytest.raises((ReencodeError, ScanError)):
            reencode(each.data_set, each.syntax, BIG)


def test_deflating_leaves_every_byte() -> None:
    data = element(0x00080000, "UL", bytes(4)) + element(UID, "UI", b"1.2") + bytes(3)
    deflated = reencode(data, EXPLICIT, DEFLATED, 5)
    assert len(deflated) % 2 == 0
    assert inflate(deflated) == (data, ())
    assert reencode(deflated, DEFLATED, EXPLICIT, 5) == data


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG], ids=lambda each: each.keyword)
def test_into_the_same_syntax_odd_lengths_are_padded(syntax: TransferSyntax) -> None:
    data = element(UID, "UI", b"1.2", syntax)
    padded = element(UID, "UI", b"1.2\0", syntax)
    assert reencode(data, syntax, syntax) == reencode(padded, syntax, syntax) == padded


@pytest.mark.parametrize("length", range(8))
def test_deflated_streams_have_even_length(length: int) -> None:
    assert len(reencode(bytes(length), EXPLICIT, DEFLATED)) % 2 == 0


def test_a_deflated_data_set_that_is_cut_short() -> None:
    with pytest.raises(ReencodeError, match=r"cut short \(PS3.5 section A.5\)"):
        reencode(deflate(bytes(1000))[:-1], DEFLATED, BIG)
    with pytest.raises(InflateError):
        reencode(b"\xff\xff\xff\xff", DEFLATED, BIG)


def test_a_highly_compressible_object_is_no_bomb_here() -> None:
    """Nothing of it is kept, so nothing needs a bound: the pieces stay small."""
    black = deflate(element(0x7FE00010, "OB", bytes(64 * 1024 * 1024)))
    reencoder = Reencoder(DEFLATED, IMPLICIT)
    lengths = [len(piece) for piece in reencoder.feed(black)]
    assert sum(lengths) == 8 + 64 * 1024 * 1024
    assert max(lengths) <= 64 * 1024
    assert list(reencoder.finish()) == []


# Pixel Representation comes late


def signed(syntax: TransferSyntax, vr: str, between: int = 0) -> bytes:
    """An attribute that it decides on before it, and one in a sequence before it."""
    order = "<" if syntax.is_little_endian else ">"
    value = struct.pack(order + "h", -2)
    inner = item(element(ZERO_VELOCITY, vr, value, syntax), syntax, is_undefined=True)
    return b"".join((
        sequence(0x00081140, inner, syntax, is_undefined=True),
        element(ZERO_VELOCITY, vr, value, syntax),
        element(0x00190010, "OB", bytes(between), syntax) if between else b"",
        element(PIXEL_REPRESENTATION, "US", struct.pack(order + "H", 1), syntax),
        element(0x00280106, "SS", value, syntax),
    ))  # fmt: skip


@pytest.mark.parametrize("target", [EXPLICIT, BIG], ids=lambda each: each.keyword)
@pytest.mark.parametrize("part", [1, 30, 1000])
def test_what_depends_on_it_waits_for_it(target: TransferSyntax, part: int) -> None:
    assert reencode(signed(IMPLICIT, "SS"), IMPLICIT, target, part) == signed(target, "SS")


def test_it_is_not_waited_for_without_end() -> None:
    far = signed(IMPLICIT, "SS", MAX_BEGINNING_BYTES)
    reencoder = Reencoder(IMPLICIT, EXPLICIT)
    first = list(reencoder.feed(far[:1000]))
    assert len(b"".join(map(bytes, first))) > 100


def test_an_object_without_it_is_not_held_back_either() -> None:
    data = element(UID, "UI", b"1.2 ", IMPLICIT)
    reencoder = Reencoder(IMPLICIT, EXPLICIT)
    assert list(reencoder.feed(data)) == []
    assert list(reencoder.finish()) == [element(UID, "UI", b"1.2 ")]
    data += element(0x7FE00010, "OW", b"\1\2", IMPLICIT)
    assert list(Reencoder(IMPLICIT, EXPLICIT).feed(data)) != []


# Which syntaxes


def test_between_the_native_ones_only() -> None:
    native_syntaxes = set(REENCODABLE)
    for one, other in product([each.uid for each in transfer_syntaxes()], repeat=2):
        assert is_reencodable(one, other) is (one == other or {one, other} <= native_syntaxes)
    assert is_reencodable("1.2.3", "1.2.3")
    assert not is_reencodable("1.2.3", IMPLICIT.uid)


@pytest.mark.parametrize("syntax", transfer_syntaxes(), ids=lambda each: each.keyword)
def test_others_are_refused_by_the_rule(syntax: TransferSyntax) -> None:
    if syntax.uid in REENCODABLE:
        Reencoder(syntax, IMPLICIT)
        return
    for way in ((syntax, IMPLICIT), (IMPLICIT, syntax)):
        with pytest.raises(ReencodeError, match=r"\(PS3.5 (section A.4|annex A)\)"):
            Reencoder(*way)


def test_an_encapsulated_object_under_a_native_name() -> None:
    for each in objects():
        if each.syntax.uid == JPEG_BASELINE:
            with warnings.catch_warnings(), pytest.raises(ReencodeError, match="encapsulated"):
                reencode(each.data_set, EXPLICIT, IMPLICIT)
