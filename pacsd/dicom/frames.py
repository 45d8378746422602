"""Frame tables: where in Pixel Data each frame lies (PS3.5 section 8, PS3.3 section C.7.6.3)."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from operator import add
from typing import Protocol

from pacsd.dicom.errors import FrameError

_BITS_PER_BYTE = 8
_YBR_422 = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
_BITS_ALLOCATED = frozenset({1, 8, 16, 32, 64})
_MAX_UNSIGNED_SHORT = 0xFFFF
_MAX_SAMPLES_PER_PIXEL = 4
_MAX_INTEGER_STRING = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as parts of the data set: (offset, length) in bytes, in order.

    `first_bit` is not 0 where Bits Allocated is 1 and the frame starts within a byte: the bit,
    counted from the least significant one.
    """

    fragments: tuple[tuple[int, int], ...]
    first_bit: int = 0

    @property
    def length(self) -> int:
        """Bytes of all fragments."""
        return sum(length for _, length in self.fragments)


class FrameTable(Protocol):
    """Finds frames by their index, from 0; IndexError outside."""

    def __len__(self) -> int:
        """How many frames there are."""

    def __getitem__(self, index: int, /) -> Frame:
        """Where this frame lies."""


@dataclass(frozen=True, slots=True)
class ImagePixel:
    """The attributes that say how large a native frame is (PS3.3 section C.7.6.3)."""

    rows: int
    columns: int
    samples_per_pixel: int = 1
    bits_allocated: int = 8
    number_of_frames: int = 1
    photometric_interpretation: str = ""

    def frame_bits(self) -> int:
        """Bits of one native frame.

        Raises:
            FrameError: an attribute is no number that it may be.
        """
        self._check("Rows", self.rows, _MAX_UNSIGNED_SHORT)
        self._check("Columns", self.columns, _MAX_UNSIGNED_SHORT)
        self._check("Samples per Pixel", self.samples_per_pixel, _MAX_SAMPLES_PER_PIXEL)
        self._check("Number of Frames", self.number_of_frames, _MAX_INTEGER_STRING)
        if self.bits_allocated not in _BITS_ALLOCATED:
            raise FrameError(
                f"Bits Allocated: {self.bits_allocated} is neither 1 nor 8, 16, 32 or 64 "
                "(PS3.5 section 8.1.1)"
            )
        samples = self.rows * self.columns * self.samples_per_pixel
        if self.photometric_interpretation in _YBR_422:
            # Two luminance samples share their chrominance (PS3.3 section C.7.6.3.1.2).
            samples = samples // 3 * 2
        return samples * self.bits_allocated

    @staticmethod
    def _check(name: str, value: int, maximum: int) -> None:
        if not 1 <= value <= maximum:
            raise FrameError(f"{name}: {value} is not 1-{maximum} (PS3.3 section C.7.6.3)")


@dataclass(frozen=True, slots=True)
class NativeFrames:
    """Frames of one size behind each other, without padding (PS3.5 section 8.1.1)."""

    offset: int
    frame_bits: int
    number_of_frames: int

    @property
    def end_offset(self) -> int:
        """Behind the last byte of the last frame."""
        return self.offset - (-self.frame_bits * self.number_of_frames // _BITS_PER_BYTE)

    def __len__(self) -> int:
        """How many frames there are."""
        return self.number_of_frames

    def __getitem__(self, index: int, /) -> Frame:
        """Where this frame lies: the bytes that hold any of its bits."""
        _check_index(index, self.number_of_frames)
        first = index * self.frame_bits
        start = first // _BITS_PER_BYTE
        end = -(-(first + self.frame_bits) // _BITS_PER_BYTE)
        return Frame(((self.offset + start, end - start),), first % _BITS_PER_BYTE)


@dataclass(frozen=True, slots=True)
class FragmentedFrames:
    """Frames of one or more fragments each, kept as flat arrays: a slide has 100,000 of them.

    Frame `i` has the fragments `first_fragments[i]` up to `first_fragments[i + 1]`.
    """

    offsets: "array[int]"
    lengths: "array[int]"
    first_fragments: "array[int]"

    @classmethod
    def of(
        cls, offsets: Iterable[int], lengths: Iterable[int], first_fragments: Iterable[int]
    ) -> "FragmentedFrames":
        """From ints of any kind; `first_fragments` without the end of the last frame."""
        starts = array("Q", offsets)
        firsts = array("Q", first_fragments)
        firsts.append(len(starts))
        return cls(starts, array("Q", lengths), firsts)

    @property
    def end_offset(self) -> int:
        """Behind the last byte of any frame; takes as long as there are many."""
        return max(map(add, self.offsets, self.lengths), default=0)

    def __len__(self) -> int:
        """How many frames there are."""
        return len(self.first_fragments) - 1

    def __getitem__(self, index: int, /) -> Frame:
        """Where the fragments of this frame lie."""
        _check_index(index, len(self))
        own = slice(self.first_fragments[index], self.first_fragments[index + 1])
        return Frame(tuple(zip(self.offsets[own], self.lengths[own], strict=True)))


def native_frames(image: ImagePixel, offset: int, length: int) -> NativeFrames:
    """The frame table of native Pixel Data, its value `length` bytes at `offset`.

    A longer value is no error: it is padded to even length, and devices pad further.

    Raises:
        FrameError: an attribute is no number that it may be, or the value is too short.
    """
    frame_bits = image.frame_bits()
    needed = -(-frame_bits * image.number_of_frames // _BITS_PER_BYTE)
    if needed > length:
        raise FrameError(
            f"Pixel Data: {length} bytes, but {image.number_of_frames} frames of {image.rows} x "
            f"{image.columns} x {image.samples_per_pixel} samples of {image.bits_allocated} bits "
            f"are {needed} (PS3.5 section 8.1.1)"
        )
    return NativeFrames(offset, frame_bits, image.number_of_frames)


def _check_index(index: int, count: int) -> None:
    if not 0 <= index < count:
        raise IndexError(f"frame {index} of {count}")
