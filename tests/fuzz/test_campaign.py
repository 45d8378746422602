import pytest

from tests.fuzz.campaign import MAX_INPUT_BYTES, FindingError, inputs, run

CORPUS = (b"\x04abcd", b"\x02xy\x01z", b"")


def read_fields(data: bytes) -> list[bytes]:
    """A parser of length-prefixed fields without a fault."""
    found = []
    while data:
        length = data[0]
        if len(data) <= length:
            raise ValueError("a field ends outside the data")
        found.append(data[1 : 1 + length])
        data = data[1 + length :]
    return found


def test_a_sound_parser_passes_and_is_counted() -> None:
    report = run(read_fields, CORPUS, (ValueError,), iterations=500)
    assert report.parsed + report.refused["ValueError"] == 500 + len(CORPUS)
    assert report.parsed > 50
    assert report.refused["ValueError"] > 50


def test_any_other_exception_is_a_finding_that_can_be_replayed() -> None:
    def trusting(data: bytes) -> object:
        return data[data[0]] if data else None

    with pytest.raises(FindingError, match=r"seed 3, input \d+: IndexError") as caught:
        run(trusting, CORPUS, (ValueError,), iterations=500, seed=3)
    encoded = str(caught.value).split("'")[-2]
    with pytest.raises(IndexError):
        trusting(bytes.fromhex(encoded))


def test_an_endless_loop_is_a_finding() -> None:
    def stuck(data: bytes) -> None:
        while data.startswith(b"\0"):
            pass

    with pytest.raises(FindingError, match="LineBudgetExceeded"):
        run(stuck, CORPUS, (ValueError,), iterations=500)


def test_more_work_than_the_input_is_worth_is_a_finding() -> None:
    def quadratic(data: bytes) -> int:
        steps = 0
        for _ in data:
            for _ in data:
                steps += 1
        return steps

    with pytest.raises(FindingError, match="LineBudgetExceeded"):
        run(quadratic, (b"x" * 200,), (ValueError,), iterations=0)


def test_the_same_seed_gives_the_same_inputs() -> None:
    first = list(inputs(CORPUS, 200, seed=1))
    assert first == list(inputs(CORPUS, 200, seed=1))
    assert first != list(inputs(CORPUS, 200, seed=2))


def test_the_corpus_itself_comes_first() -> None:
    assert tuple(inputs(CORPUS, 10, seed=1))[: len(CORPUS)] == CORPUS


def test_inputs_stay_short() -> None:
    assert all(len(data) <= MAX_INPUT_BYTES for data in inputs((b"x" * 4000,), 300, seed=1))
