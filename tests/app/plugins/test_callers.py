from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from pacsd.api.acceptance import AssociationClosed, AssociationRequest, Refusal
from pacsd.api.access import AccessRequest, Login, NotRecognized, Restriction, SightRequest
from pacsd.api.audit import AuditEvent
from pacsd.api.events import EventKind
from pacsd.api.hooks import HOOKS, hookimpl
from pacsd.api.query_results import QueryResults
from pacsd.api.receiving import NotAccepted, ReceivedInstance, StoreChoice
from pacsd.api.removal import RemovalRequest
from pacsd.api.vote import Deny
from pacsd.app.plugins import callers
from pacsd.app.plugins.hooks import Hooks
from pacsd.archive.admittance import Choose
from pacsd.archive.sight import sight_of
from pacsd.testing.hook_records import query_results
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of
from tests.api.hookspecs.test_access import LOGIN, LOOKS, WANTED
from tests.api.hookspecs.test_associations import CLOSED, REQUEST
from tests.api.hookspecs.test_receiving import INSTANCE

STORES = ("fast", "slow")


def choose_store(hooks: Hooks) -> Callable[[], Choose | None]:
    return callers.choose_store(hooks, STORES)


ALL: tuple[Callable[[Hooks], Callable[[], object]], ...] = (
    callers.association_requested,
    callers.association_closed,
    callers.authenticate,
    callers.authorize,
    callers.restrict_query,
    callers.query_results,
    callers.instance_received,
    choose_store,
    callers.before_delete,
    callers.audit,
)

RESULTS = query_results({"StudyInstanceUID": "1.2", "PatientName": "Doe"})
EVENT = AuditEvent(1, "doe", "", "retrieve", "sent", "1.2", "")
OF_ONE = ("pacsd_http_routes", "pacsd_http_request", "pacsd_commands", "pacsd_command")
"""Those that are asked of one plugin each; see `surfaces`."""


class Everything:
    """Implements every hook that is called so, with no to everything."""

    told: AssociationClosed | None = None
    audited: AuditEvent | None = None

    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal:
        return Refusal(1, 1, 3, request.calling_ae)

    @hookimpl
    async def pacsd_association_closed(self, closed: AssociationClosed) -> None:
        self.told = closed

    @hookimpl
    async def pacsd_authenticate(self, login: Login) -> NotRecognized:
        return NotRecognized(login.scheme)

    @hookimpl
    async def pacsd_authorize(self, request: AccessRequest) -> Deny:
        return Deny(request.action)

    @hookimpl
    async def pacsd_restrict_query(self, request: SightRequest) -> Restriction:
        return Restriction({"PatientID": (request.principal.name,)})

    @hookimpl
    async def pacsd_query_results(self, results: QueryResults) -> QueryResults:
        return results.with_values(lambda _: {"PatientName": "D"})

    @hookimpl
    async def pacsd_instance_received(self, instance: ReceivedInstance) -> NotAccepted:
        return NotAccepted(0xC000, instance.sop_instance_uid)

    @hookimpl
    async def pacsd_choose_store(
        self, instance: ReceivedInstance, stores: tuple[str, ...]
    ) -> StoreChoice:
        return StoreChoice(stores[-1], instance.attributes["Modality"])

    @hookimpl
    async def pacsd_before_delete(self, request: RemovalRequest) -> Deny:
        return Deny(request.actor)

    @hookimpl
    async def pacsd_audit(self, event: AuditEvent) -> None:
        self.audited = event


WORK = {
    *(
        "pacsd_coercion",
        "pacsd_delivered",
        "pacsd_route",
        "pacsd_route_target",
        "pacsd_route_trial",
    ),
    *("pacsd_ai_runner", "pacsd_infer", "pacsd_persist", "pacsd_prefetch", "pacsd_transcoder"),
}
"""Called by `route_work`, `ai_work` and `transcoding`."""
LIFE = {"pacsd_blob_store", "pacsd_config_changed", "pacsd_health", "pacsd_job", "pacsd_key"}


@pytest.mark.parametrize("caller", ALL)
def test_what_nobody_implements_costs_nothing(
    caller: Callable[[Hooks], Callable[[], object]],
) -> None:
    assert caller(hooks_of(object()))() is None


async def test_each_calls_its_hook() -> None:
    plugin = Everything()
    hooks = hooks_of(plugin)
    requested, closed = callers.association_requested(hooks)(), callers.association_closed(hooks)()
    received, deletes = callers.instance_received(hooks)(), callers.before_delete(hooks)()
    assert requested is not None
    assert await requested(REQUEST) == Refusal(1, 1, 3, "CT1")
    assert closed is not None
    await closed(CLOSED)
    assert plugin.told is CLOSED
    assert received is not None
    assert await received(INSTANCE) == NotAccepted(0xC000, "1.2.3.4")
    identifies, permits = callers.authenticate(hooks)(), callers.authorize(hooks)()
    assert identifies is not None
    assert await identifies(LOGIN) == NotRecognized("basic")
    assert permits is not None
    assert await permits(WANTED) == Deny("query")
    restricts = callers.restrict_query(hooks)()
    assert restricts is not None
    assert await restricts(LOOKS) == sight_of([Restriction({"PatientID": ("doe",)})])
    changes = callers.query_results(hooks)()
    assert changes is not None
    assert await changes(RESULTS) == RESULTS.with_values(lambda _: {"PatientName": "D"})
    assert deletes is not None
    assert await deletes(RemovalRequest("1", "", "", "admin", "why")) == Deny("admin")
    audits = callers.audit(hooks)()
    assert audits is not None
    await audits(EVENT)
    assert plugin.audited is EVENT


def test_all_hooks_have_a_caller_but_those_of_the_start_and_of_durable_work() -> None:
    called = {f"pacsd_{caller.__name__}" for caller in ALL}
    events = {f"pacsd_{kind}" for kind in EventKind}
    assert called == {*HOOKS} - LIFE - events - WORK - {*OF_ONE}


async def test_an_instance_that_cannot_be_decided_about_is_to_be_sent_again() -> None:
    class Fails:
        @hookimpl
        def pacsd_instance_received(self) -> NotAccepted:
            return NotAccepted(0x0000, "a status that is none")

    received = callers.instance_received(hooks_of(Fails()))()
    assert received is not None
    answer = await received(INSTANCE)
    assert answer == NotAccepted(0xA700, "Could not be decided now: try again")


async def test_a_store_is_chosen_among_several() -> None:
    hooks = hooks_of(Everything())
    chooses = choose_store(hooks)()
    assert chooses is not None
    with capture_logs() as lines:
        assert await chooses(INSTANCE) == "slow"
    assert [(line["store"], line["reason"], line["log_level"]) for line in lines] == [
        ("slow", "CT", "debug")
    ]
    assert callers.choose_store(hooks, ("fast",))() is None


async def test_an_instance_nobody_says_where_to_keep_is_to_be_sent_again() -> None:
    class Fails:
        @hookimpl
        def pacsd_choose_store(self) -> str:
            raise KeyError("nobody")

    chooses = choose_store(hooks_of(Fails()))()
    assert chooses is not None
    answer = await chooses(INSTANCE)
    assert answer == NotAccepted(0xA700, "Could not be decided now: try again")


async def test_p04_what_somebody_sees_cannot_be_told_where_one_fails() -> None:
    class Fails:
        @hookimpl
        def pacsd_restrict_query(self) -> Restriction:
            return Restriction({"ImageComments": ("public",)})

    restricts = callers.restrict_query(hooks_of(Fails()))()
    assert restricts is not None
    assert await restricts(LOOKS) is None


async def test_p04_what_was_found_is_not_told_where_one_fails() -> None:
    class Fails:
        @hookimpl
        def pacsd_query_results(self) -> QueryResults:
            return query_results()

    changes = callers.query_results(hooks_of(Fails()))()
    assert changes is not None
    assert await changes(RESULTS) is None


async def test_what_nobody_changes_is_told_as_it_is() -> None:
    class Leaves:
        @hookimpl
        async def pacsd_query_results(self) -> None:
            return None

    changes = callers.query_results(hooks_of(Leaves()))()
    assert changes is not None
    assert await changes(RESULTS) is RESULTS


@pytest.mark.parametrize("caller", ALL)
def test_who_comes_and_goes_at_a_reload_is_asked_and_is_not(
    caller: Callable[[Hooks], Callable[[], object]],
) -> None:
    hooks = hooks_of(object())
    asked = caller(hooks)
    hooks.replace({"acme": ObjectHome("acme", Everything())}, ())
    assert asked() is not None
    hooks.replace({}, ("acme",))
    assert asked() is None
