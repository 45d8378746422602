import pytest

from pacsd.archive.preamble import PreamblePolicy, stored_preamble
from pacsd.dicom.part10 import ZERO_PREAMBLE

TIFF = [b"II*\0" + bytes(124), b"MM\0*" + bytes(124)]
OTHERS = [
    b"MZ\x90\0".ljust(128, b"\1"),
    b"\x7fELF".ljust(128, b"\1"),
    b"#!/bin/sh\nid\n".ljust(128, b"#"),
    b'{"a": "'.ljust(128, b" "),
    b"II+\0".ljust(128, b"\0"),
    b" II*\0".ljust(128, b"\0"),
    b"<html>".ljust(128, b" "),
    bytes(128),
]


@pytest.mark.parametrize("preamble", TIFF)
def test_d35_that_of_a_tiff_file_is_kept_unless_all_are_zeroed(preamble: bytes) -> None:
    assert stored_preamble(preamble, PreamblePolicy.KEEP_TIFF) == preamble
    assert stored_preamble(preamble, PreamblePolicy.ZERO) == ZERO_PREAMBLE


@pytest.mark.parametrize("preamble", OTHERS)
@pytest.mark.parametrize("policy", PreamblePolicy)
def test_d35_all_others_become_zeros(preamble: bytes, policy: PreamblePolicy) -> None:
    assert stored_preamble(preamble, policy) == ZERO_PREAMBLE
