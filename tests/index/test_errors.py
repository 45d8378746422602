from pacsd.index.errors import IndexFault, IndexFaultKind, IndexVersionError


def test_a_fault_says_what_and_why() -> None:
    fault = IndexFault(IndexFaultKind.NO_SPACE, "SQLITE_FULL: database or disk is full")
    assert str(fault) == "no space left for the index: SQLITE_FULL: database or disk is full"


def test_a_version_error_holds_both_versions() -> None:
    error = IndexVersionError("0009", "0001", "too new")
    assert (error.kind, error.found, error.known) == (IndexFaultKind.VERSION, "0009", "0001")


def test_every_kind_fits_an_error_comment() -> None:
    assert max(map(len, IndexFaultKind)) <= 64
