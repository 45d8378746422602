"""A codec: images in RLE Lossless leave uncompressed for peers that take no RLE.

It decodes by pydicom, which needs numpy for that.
"""

from typing import BinaryIO

from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings
from pacsd.api.transcoder import TranscodingError


class Rle(Plugin[Settings]):
    """Gives a codec: an object, so that this plugin needs trusted = true."""

    settings_class = Settings

    @hookimpl
    async def pacsd_transcoder(self, name: str) -> "Decoder | None":
        """The core makes the other uncompressed encodings of this one."""
        return Decoder() if name == ExplicitVRLittleEndian else None


class Decoder:
    """The port Transcoder. It keeps nothing, so that threads do not meet in it."""

    sources = frozenset({str(RLELossless)})

    def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
        """The same image, its pixels decoded; UIDs and colours stay what they are."""
        ds = dcmread(source)
        try:
            ds.decompress(as_rgb=False, generate_instance_uid=False, decoding_plugin="pydicom")
        except (AttributeError, RuntimeError, ValueError) as error:
            # What it says of broken pixels may hold values of the object.
            raise TranscodingError("its pixels cannot be decoded") from error
        ds.save_as(target, enforce_file_format=True)
