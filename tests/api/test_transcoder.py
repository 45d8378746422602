from pacsd.api.transcoder import TARGETS, TranscodingError
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import transfer_syntax

LOSSY = ("Near-lossless", "Baseline", "Extended", "MPEG", "HEVC")


def test_codecs_are_asked_for_what_objects_are_stored_in_and_nothing_is_lost_in() -> None:
    assert len({*TARGETS}) == len(TARGETS)
    assert TARGETS[: len(REENCODABLE)] == REENCODABLE
    for uid in TARGETS:
        syntax = transfer_syntax(uid)
        assert syntax is not None
        assert syntax.is_storable
        assert not any(word in syntax.name for word in LOSSY)
        is_lossless = "Lossless" in syntax.name or "Lossless" in syntax.keyword
        others = ("Uncompressed", "Deflated", "Recompression")
        assert is_lossless or uid in REENCODABLE or any(word in syntax.keyword for word in others)


def test_an_error_is_a_sentence() -> None:
    assert str(TranscodingError("16 bits only")) == "16 bits only"
