from pacsd.dicom.quirks import Quirk, QuirkCounter, QuirkKind


def test_kinds_are_counted_and_remember_where_they_were_met_first() -> None:
    counter = QuirkCounter()
    for tag in (0x00100010, 0x00100020, 0x00100030):
        counter.add(QuirkKind.ODD_LENGTH, tag)
    counter.add(QuirkKind.DUPLICATE, 0x00200010)
    assert counter.result() == (
        Quirk(QuirkKind.ODD_LENGTH, 0x00100010, 3),
        Quirk(QuirkKind.DUPLICATE, 0x00200010, 1),
    )


def test_counting_goes_on_from_what_is_known() -> None:
    known = (Quirk(QuirkKind.ODD_LENGTH, 0x00100010, 3),)
    counter = QuirkCounter(known)
    counter.add(QuirkKind.ODD_LENGTH, 0x00200010)
    assert counter.result() == (Quirk(QuirkKind.ODD_LENGTH, 0x00100010, 4),)
    assert known[0].count == 3


def test_words_of_kinds_differ_and_are_fit_for_labels() -> None:
    words = [str(kind) for kind in QuirkKind]
    assert len(set(words)) == len(words)
    assert all(word.replace("-", "").isalpha() and word.islower() for word in words)
