from io import BytesIO

from pydicom import dcmread

from contrib.bench import messages, slices


def test_a_slice_says_as_much_as_that_of_a_scanner() -> None:
    read = dcmread(BytesIO(slices.slice_file(6, messages.SMALL_ROWS)))
    assert read.SOPInstanceUID == read.file_meta.MediaStorageSOPInstanceUID == slices.uid(6)
    assert (read.StudyInstanceUID, read.SeriesInstanceUID) == (slices.STUDY, slices.SERIES)
    assert len(read.PixelData) == read.Rows * read.Columns * 2
    assert len(read) >= 215


def test_slices_differ_by_their_uids() -> None:
    assert slices.uid(0) != slices.uid(1)


def test_a_large_file_has_its_frames() -> None:
    read = dcmread(BytesIO(b"".join(slices.large_file(3))))
    assert read.NumberOfFrames == 3
    assert len(read.PixelData) == 3 * read.Rows * read.Columns * 2
    assert read.SOPInstanceUID == read.file_meta.MediaStorageSOPInstanceUID


def test_however_long_it_is_its_frames_are_one_object() -> None:
    longest = [piece for piece in slices.large_file(50) if len(piece) > 100_000]
    assert len(longest) == 50
    assert len(set(map(id, longest))) == 1
