"""The suite lets a good codec pass, and notices those that break the contract."""

from collections.abc import Callable
from typing import BinaryIO

import pytest

from pacsd.dicom.errors import Part10Error
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from pacsd.testing.transcoder_contract import TranscoderContract, transcoded
from tests.app.plugins.unwrapping import WRAPPED, Unwrapping, unwrapped, wrapped
from tests.net.web.serving import part10

FILE = part10(data_set({"SOPInstanceUID": "1.2.3.4"}) + wrapped(), "1.2.3.4", WRAPPED)


class TestUnwrapping(TranscoderContract):
    @pytest.fixture
    def transcoder(self) -> Unwrapping:
        return Unwrapping()

    @pytest.fixture
    def target_uid(self) -> str:
        return EXPLICIT_VR_LITTLE_ENDIAN

    @pytest.fixture
    def original(self) -> bytes:
        return FILE


@pytest.mark.parametrize(
    "after",
    [
        lambda _: b"",
        lambda made: made + b"\0",
        lambda made: made.replace(b"1.2.3.4", b"1.2.3.5"),
        lambda made: made.replace(CT_IMAGE_STORAGE.encode(), b"1.2.840.10008.5.1.4.1.1.4"),
        lambda made: made.replace(EXPLICIT_VR_LITTLE_ENDIAN.encode(), b"1.2.840.10008.1.2.5"),
    ],
    ids=["nothing", "odd", "instance", "class", "syntax"],
)
def test_notices_another_object(after: Callable[[bytes], bytes]) -> None:
    suite, codec = TranscoderContract(), Unwrapping(after=after)
    with pytest.raises((AssertionError, Part10Error)):
        suite.test_makes_the_same_object(codec, EXPLICIT_VR_LITTLE_ENDIAN, FILE)


class Copying:
    """Takes what is cut short, and says of sources what is wrong."""

    sources = frozenset({EXPLICIT_VR_LITTLE_ENDIAN})

    def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
        target.write(source.read())


def test_notices_a_codec_that_takes_anything() -> None:
    suite = TranscoderContract()
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        suite.test_refuses_what_is_cut_short(Copying(), FILE, 0.5)
    with pytest.raises(AssertionError):
        suite.test_says_what_it_takes(Copying(), EXPLICIT_VR_LITTLE_ENDIAN)
    with pytest.raises(AssertionError):
        suite.test_says_what_it_takes(Copying(), "1.2.840.10008.1.2.4.50")


def test_notices_a_codec_whose_threads_meet() -> None:
    class Counting(Unwrapping):
        calls = 0

        def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
            self.calls += 1
            if self.calls > 1:
                raise RuntimeError("busy")
            super().transcode(source, target)

    with pytest.raises(RuntimeError, match="busy"):
        TranscoderContract().test_works_in_several_threads(
            Counting(), EXPLICIT_VR_LITTLE_ENDIAN, FILE
        )


def test_a_file_is_transcoded_as_the_daemon_has_it_done() -> None:
    assert transcoded(Unwrapping(), FILE).endswith(unwrapped())
