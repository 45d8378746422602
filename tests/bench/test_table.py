from contrib.bench.figures import Figure
from contrib.bench.table import Taken, middle, table

FIGURES = (Figure("echo", "C-ECHO /s", ">= 8,000"), Figure("held", "held", has_ratio=False))


def rows(taken: Taken) -> list[str]:
    return list(table(FIGURES, ["pacsd", "dcmtk"], taken))[2:]


def test_a_peer_stands_with_the_ratio_of_medians() -> None:
    taken: Taken = {"echo": {"pacsd": [9000.0, 1.0, 9500.0], "dcmtk": [18000.0]}, "held": {}}
    assert rows(taken)[0] == "| C-ECHO /s | 9,000 | 18,000 (x0.50) | 1 - 9,500 | >= 8,000 |"


def test_a_peer_that_never_answers_is_told_from_one_not_measured() -> None:
    taken: Taken = {"echo": {"pacsd": [9000.0], "dcmtk": [None, None]}, "held": {"pacsd": [10.0]}}
    assert [row.split(" | ")[2] for row in rows(taken)] == ["no answer", ""]


def test_rounds_without_an_answer_do_not_count() -> None:
    assert middle([None, 3.0, 1.0, 2.0]) == 2.0
    assert middle([None]) is None


def test_a_percentage_has_no_ratio() -> None:
    taken: Taken = {"echo": {}, "held": {"pacsd": [50.0], "dcmtk": [100.0]}}
    assert rows(taken)[1] == "| held | 50 | 100 | 50 - 50 |  |"
