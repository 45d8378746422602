from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings
from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability
from tests.app.built import built


class Doorkeeper(Plugin[Settings]):
    """Refuses everybody."""

    @hookimpl
    def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        return Refusal(1, 1, 1, f"{request.calling_ae} is not let in")


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


async def test_the_acceptance_hook_costs_nothing_when_no_plugin_has_it(
    tmp_path: Path, index: Index
) -> None:
    assert built(tmp_path, index).listener.desk.hook() is None


async def test_the_acceptance_hook_is_asked_when_one_has_it(tmp_path: Path, index: Index) -> None:
    hook = built(tmp_path, index, plugin=Doorkeeper).listener.desk.hook()
    assert hook is not None
    request = AssociationRequest("CT1", "PACSD", "127.0.0.1", 1, None, (), "1.2.3", "CT")
    assert await hook(request) == Refusal(1, 1, 1, "CT1 is not let in")


async def test_who_may_come_is_who_the_listener_asks_and_guests_are_let_in_there(
    tmp_path: Path, index: Index
) -> None:
    parts = built(tmp_path, index)
    assert parts.listener.desk.gatekeeper is parts.gatekeeper
    assert parts.listener.desk.books.recorder is parts.recorder


async def test_associations_are_kept_as_configured(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index, PACSD_DIMSE__KEEP_ASSOCIATIONS_S="2")
    assert parts.kept._idle_s == 2
