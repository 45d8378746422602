"""Every test of this room runs on both event loops; what blocks one of them fails the test."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest
import structlog
import uvloop
from blockbuster import blockbuster_ctx
from structlog.typing import EventDict


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """The log lines of a test."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture(autouse=True)
def _nothing_blocks() -> Iterator[None]:
    with blockbuster_ctx("pacsd"):
        yield
