"""The 128 bytes before a file's DICM: whoever brings a file may have written anything there.

A preamble makes a DICOM file another file as well, which programs may run, or show something else
of. Only that of a TIFF file has a use (PS3.10 section 7.1): it makes a dual-personality file of
whole slide images.
"""

from enum import StrEnum

from pacsd.dicom.part10 import ZERO_PREAMBLE

_TIFF_MAGICS = (b"II*\0", b"MM\0*")


class PreamblePolicy(StrEnum):
    """Which preambles are stored; all others become zeros."""

    ZERO = "zero"
    KEEP_TIFF = "keep-tiff"


def stored_preamble(preamble: bytes, policy: PreamblePolicy) -> bytes:
    """The preamble that an object is stored with."""
    is_kept = policy is PreamblePolicy.KEEP_TIFF and preamble.startswith(_TIFF_MAGICS)
    return preamble if is_kept else ZERO_PREAMBLE
