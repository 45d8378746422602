"""A deterministic mutation fuzzer for parsers: seeded, so a finding comes back with its seed.

Every input is parsed under a budget of executed Python lines that grows with its length. An
endless loop or one that is quadratic in the input is thus found as surely as a wrong exception,
on a slow machine as on a fast one.
"""

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

Parser = Callable[[bytes], object]

MAX_INPUT_BYTES = 4096
LINES_PER_PARSE = 1_000
LINES_PER_BYTE = 20

# Values on either side of where a length field's sign, size or meaning changes.
BOUNDARIES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
WIDE_BOUNDARIES = (0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


class FindingError(AssertionError):
    """The parser broke its promise for one input."""


class LineBudgetExceeded(BaseException):
    """Past what an `except Exception` in the parser could swallow."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the inputs: how many were parsed, how many refused and by which error."""

    parsed: int
    refused: Counter[str]


def long_iterations() -> int:
    """How many inputs a long campaign tries."""
    return int(os.environ.get("PACSD_FUZZ_ITERATIONS", "2000000"))


def run(
    parser: Parser,
    corpus: Sequence[bytes],
    allowed: tuple[type[Exception], ...],
    iterations: int,
    seed: int = 0,
) -> Report:
    """Give the corpus and `iterations` mutations of it to the parser.

    Raises:
        FindingError: the parser raised what is not `allowed` or ran out of its budget of lines.
    """
    parsed, refused = 0, Counter[str]()
    for number, data in enumerate(inputs(corpus, iterations, seed)):
        try:
            _within_budget(parser, data)
        except allowed as error:
            refused[type(error).__name__] += 1
        except (Exception, LineBudgetExceeded) as error:
            text = f"seed {seed}, input {number}: {error!r} for bytes.fromhex('{data.hex()}')"
            raise FindingError(text) from error
        else:
            parsed += 1
    return Report(parsed, refused)


def inputs(corpus: Sequence[bytes], iterations: int, seed: int) -> Iterator[bytes]:
    """The corpus as it is, then mutations: the same for the same arguments."""
    yield from corpus
    rng = random.Random(seed)
    for _ in range(iterations):
        data = bytearray(rng.choice(corpus))
        for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
            rng.choice(MUTATIONS)(rng, data, corpus)
        yield bytes(data[:MAX_INPUT_BYTES])


def _flip_bit(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _replace_byte(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _truncate(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[rng.randint(0, len(data)) :]


def _remove(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    del data[start : start + rng.randint(1, 16)]


def _insert(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    data[start:start] = rng.randbytes(rng.randint(1, 16))


def _repeat(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    data[start:start] = data[start : start + rng.randint(1, 64)] * rng.randint(1, 8)


def _set_length_field(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    size = rng.choice((1, 2, 4))
    start = rng.randint(0, max(len(data) - size, 0))
    left = len(data) - start - size
    near = tuple(max(left + difference, 0) for difference in (-1, 0, 1))
    value = rng.choice(BOUNDARIES + WIDE_BOUNDARIES + near) & ((1 << 8 * size) - 1)
    data[start : start + size] = value.to_bytes(size, rng.choice(("little", "big")))


def _splice(rng: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    other = rng.choice(corpus)
    data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


MUTATIONS = (
    _flip_bit,
    _replace_byte,
    _truncate,
    _remove,
    _insert,
    _repeat,
    _set_length_field,
    _splice,
)


def _within_budget(parser: Parser, data: bytes) -> None:
    lines_left = LINES_PER_PARSE + LINES_PER_BYTE * len(data)

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines_left
        if event == "line":
            lines_left -= 1
            if lines_left < 0:
                raise LineBudgetExceeded
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        parser(data)
    finally:
        sys.settrace(before)
