"""The port Transcoder: objects put into another Transfer Syntax, no pixel of which changes."""

from typing import BinaryIO, Protocol

TARGETS = (
    "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1",
    "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.92",
    "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111",
)  # fmt: skip
"""The Transfer Syntaxes that transcoders are asked for: those in which nothing can be lost.

The uncompressed ones, RLE, deflated frames, JPEG Lossless, JPEG-LS, JPEG 2000, High-Throughput JPEG
2000 and JPEG XL where they are lossless, and the recompression of JPEG by JPEG XL.
"""


class TranscodingError(Exception):
    """An object cannot be had in the other Transfer Syntax.

    The text is for whoever runs pacsd: why not, without a patient's values.
    """


class Transcoder(Protocol):
    """Puts objects into one Transfer Syntax. It may be called by several threads at once."""

    @property
    def sources(self) -> frozenset[str]:
        """The UIDs of the Transfer Syntaxes it takes objects in. Asked once, as it is given."""

    def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
        """Read a DICOM file, write the same object as a DICOM file in the other Transfer Syntax.

        A plain function, called in a thread of its own: codecs compute, or wait for a program that
        does. Both are files without a name, with descriptors, at their beginning; they are open
        until it returns. `source` is the object as it would leave, with what was corrected of it.

        SOP Class and Instance UID stay what they are. So every pixel must, too: an image that has
        lost anything is another object, with a SOP Instance UID of its own.

        Raises:
            TranscodingError: this object cannot be had so. Whatever else is raised means the same,
                but only the name of its class is told.
        """
