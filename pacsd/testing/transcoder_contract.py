"""The contract suite of codecs.

A plugin's tests subclass it, provide the fixtures, and pytest does the rest:

    class TestMyCodec(TranscoderContract):
        @pytest.fixture
        def transcoder(self):
            return MyCodec()

        @pytest.fixture
        def target_uid(self):
            return "1.2.840.10008.1.2.1"

        @pytest.fixture(params=["ct.dcm", "us.dcm"])
        def original(self, request):
            return Path(request.param).read_bytes()

It looks at what the daemon looks at. That no pixel has changed only the plugin's own tests can
say, by a decoder that is not its own.
"""
# ruff: noqa: S101 - assert is how a contract suite speaks

import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from pacsd.api.transcoder import TARGETS, Transcoder
from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.uid import is_acceptable_uid

THREADS = 4


class TranscoderContract:
    """What every transcoder does; `original` is a DICOM file in a Transfer Syntax that it takes.

    `target_uid` is what it was given for.
    """

    def test_says_what_it_takes(self, transcoder: Transcoder, target_uid: str) -> None:
        """UIDs, the same each time; and it is asked for what it makes."""
        sources = transcoder.sources
        assert isinstance(sources, frozenset)
        assert sources
        assert all(map(is_acceptable_uid, sources))
        assert transcoder.sources == sources
        assert target_uid in TARGETS
        assert target_uid not in sources

    def test_makes_the_same_object(
        self, transcoder: Transcoder, target_uid: str, original: bytes
    ) -> None:
        """A DICOM file in the other Transfer Syntax, whose data set has an even length."""
        _check(transcoded(transcoder, original), original, transcoder, target_uid)

    def test_works_in_several_threads(
        self, transcoder: Transcoder, target_uid: str, original: bytes
    ) -> None:
        """They do not meet."""
        with ThreadPoolExecutor(THREADS) as pool:
            made = [pool.submit(transcoded, transcoder, original) for _ in range(2 * THREADS)]
        for each in made:
            _check(each.result(), original, transcoder, target_uid)

    @pytest.mark.parametrize("kept", [0, 100, 0.5])
    def test_refuses_what_is_cut_short(
        self, transcoder: Transcoder, original: bytes, kept: float
    ) -> None:
        """By an exception: half an image must not leave as a whole one."""
        end = int(len(original) * kept) if kept < 1 else int(kept)
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever is raised means that
            transcoded(transcoder, original[:end])


def transcoded(transcoder: Transcoder, original: bytes) -> bytes:
    """What a transcoder makes of a file, as the daemon has it made."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(original)
        source.seek(0)
        transcoder.transcode(source, target)
        assert not source.closed
        assert not target.closed
        target.seek(0)
        return target.read()


def _check(made: bytes, original: bytes, transcoder: Transcoder, target_uid: str) -> None:
    before, _ = decode_file_meta(original)
    meta, offset = decode_file_meta(made)
    assert before.transfer_syntax_uid in transcoder.sources
    assert meta.transfer_syntax_uid == target_uid
    assert meta.media_storage_sop_class_uid == before.media_storage_sop_class_uid
    assert meta.media_storage_sop_instance_uid == before.media_storage_sop_instance_uid
    assert len(made) > offset
    assert (len(made) - offset) % 2 == 0
