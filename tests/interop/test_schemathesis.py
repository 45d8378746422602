"""Schemathesis drives every operation of the OpenAPI document: each answer is one of it, no 5xx."""

import os
from collections.abc import Iterator

import pytest

from pacsd.net.web.operations import transactions
from pacsd.net.web.resources import WebService
from pacsd.testing.daemon import Running, running
from tests.interop.described_requests import (
    DOOMED,
    FILES,
    MODES,
    ask,
    document_of,
    likely,
    store,
    uids,
)

pytestmark = [
    pytest.mark.interop,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # pydicom's opinions on its own files
]

OPERATIONS = [each.id for each in transactions()]
STORES = [each.id for each in transactions() if each.service is WebService.STORE]
EXAMPLES = 10


@pytest.fixture(scope="module")
def daemon() -> Iterator[Running]:
    with running() as started:
        store(started)
        yield started
        assert started.process.poll() is None


def test_what_is_deleted_is_there_for_each_delete() -> None:
    deletes = {each.id for each in transactions() if each.service is WebService.DELETE}
    assert deletes == DOOMED.keys()
    studies = [uids(name)["study"] for name in (*FILES, *DOOMED.values())]
    assert len(studies) == len(set(studies))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_stored(daemon: Running, operation: str) -> None:
    """Requests that can be answered: those that nobody can would show little."""
    files = [DOOMED[operation]] if operation in DOOMED else FILES[:1]
    seen = ask(daemon, likely(document_of(daemon), files), operation, MODES[:1], EXAMPLES)
    assert seen.keys() & ({200, 202, 409} if operation in STORES else {200}), seen


@pytest.mark.parametrize("operation", OPERATIONS)
def test_anything(daemon: Running, operation: str) -> None:
    """As the document lets it be, and as it does not."""
    assert ask(daemon, document_of(daemon), operation, MODES, EXAMPLES)


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", OPERATIONS)
def test_long_campaign(daemon: Running, operation: str) -> None:
    examples = int(os.environ.get("PACSD_FUZZ_ITERATIONS", "2000000")) // 2_000
    files = [DOOMED[operation]] if operation in DOOMED else FILES
    ask(daemon, likely(document_of(daemon), files), operation, MODES, examples)
    ask(daemon, document_of(daemon), operation, MODES, examples)
