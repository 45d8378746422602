"""The codec of the examples, on real images in RLE."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from contrib.examples.rle.pacsd_rle import Decoder, Rle
from pacsd.api.settings import Settings
from pacsd.api.transcoder import TranscodingError
from pacsd.testing.fake_host import fake_host
from pacsd.testing.hook_call import call_hook
from pacsd.testing.transcoder_contract import TranscoderContract, transcoded

IMAGES = ("SC_rgb_rle.dcm", "SC_rgb_rle_16bit_2frame.dcm", "MR_small_RLE.dcm", "OBXXXX1A_rle.dcm")
"""Colour, several frames, 16 bits signed, a palette."""


@pytest.fixture(params=IMAGES)
def original(request: pytest.FixtureRequest) -> bytes:
    return Path(str(get_testdata_file(request.param))).read_bytes()


class TestDecoder(TranscoderContract):
    @pytest.fixture
    def transcoder(self) -> Decoder:
        return Decoder()

    @pytest.fixture
    def target_uid(self) -> str:
        return str(ExplicitVRLittleEndian)


def test_no_pixel_changes(original: bytes) -> None:
    before = dcmread(BytesIO(original))
    after = dcmread(BytesIO(transcoded(Decoder(), original)))
    assert np.array_equal(before.pixel_array, after.pixel_array)
    assert after.PhotometricInterpretation == before.PhotometricInterpretation
    same = {each.tag for each in before} - {0x00280006, 0x7FE00010}
    assert [after[tag] for tag in sorted(same)] == [before[tag] for tag in sorted(same)]


def test_broken_pixels_are_told_without_their_values(original: bytes) -> None:
    ds = dcmread(BytesIO(original))
    ds.Rows += 1
    made = BytesIO()
    ds.save_as(made)
    with pytest.raises(TranscodingError, match=r"^its pixels cannot be decoded$"):
        transcoded(Decoder(), made.getvalue())


async def test_it_has_one_codec(tmp_path: Path) -> None:
    plugin = Rle(fake_host(tmp_path), Settings())
    given = await call_hook(plugin, "pacsd_transcoder", name=ExplicitVRLittleEndian)
    assert isinstance(given, Decoder)
    assert await call_hook(plugin, "pacsd_transcoder", name=RLELossless) is None
