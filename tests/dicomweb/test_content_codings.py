"""Which content codings a client takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.content_codings import MAX_CODINGS, Codings, codings_of
from pacsd.dicomweb.errors import BadRequest, NotAcceptable

PLAIN = Codings()
EITHER = Codings(gzip=True)
CODED = Codings(gzip=True, identity=False)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], PLAIN),
        # RFC 9110 section 12.5.3
        (["compress, gzip"], EITHER),
        ([""], PLAIN),
        (["*"], EITHER),
        (["compress;q=0.5, gzip;q=1.0"], EITHER),
        (["gzip;q=1.0, identity; q=0.5, *;q=0"], EITHER),
        (["gzip, deflate, br, zstd"], EITHER),
        (["deflate", "gzip"], EITHER),
        (["X-GZIP ; Q=0.001"], EITHER),
        (["deflate, br"], PLAIN),
        (["gzip;q=0"], PLAIN),
        (["gzip;q=0, *"], PLAIN),
        (["gzip;q=0.5, identity"], PLAIN),
        (["gzip;q=0.5, identity;q=0.5"], EITHER),
        (["*;q=0.5, identity;q=0.7"], PLAIN),
        (["gzip, identity;q=0"], CODED),
        (["gzip, *;q=0"], CODED),
        (["*, identity;q=0.000"], CODED),
        (["gzip, *;q=0, identity;q=0.1"], EITHER),
        # What is none is passed over, and the first of two counts.
        (["gzip;q=2"], PLAIN),
        (["gzip;level=9"], PLAIN),
        (["gzip;q=0, gzip"], PLAIN),
    ],
)
def test_what_a_client_takes(headers: list[str], expected: Codings) -> None:
    assert codings_of(headers) == expected


@pytest.mark.parametrize("header", ["identity;q=0", "*;q=0", "gzip;q=0, identity;q=0", "br, *;q=0"])
def test_who_takes_neither(header: str) -> None:
    with pytest.raises(NotAcceptable, match="takes neither gzip nor identity"):
        codings_of([header])


def test_bounds() -> None:
    assert codings_of([",".join(["br"] * (MAX_CODINGS - 1)), "gzip"]) == EITHER
    with pytest.raises(BadRequest, match="more than 64 codings"):
        codings_of([",".join(["br"] * (MAX_CODINGS + 1))])
    with pytest.raises(BadRequest, match="longer than 8192 characters"):
        codings_of(["b" * 8_193])


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=255)), max_size=4))
def test_whatever_is_said_is_answered_or_refused(headers: list[str]) -> None:
    try:
        codings = codings_of(headers)
    except (BadRequest, NotAcceptable):
        return
    assert codings.gzip or codings.identity
