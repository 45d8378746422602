from pacsd.api.hooks import hookimpl
from pacsd.app.audit_sink import AuditSink
from pacsd.app.guarding import make_guard
from pacsd.app.plugins.hooks import Hooks
from pacsd.net.web.guard import Guard
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of


class Porter:
    @hookimpl
    async def pacsd_authenticate(self) -> None: ...


class Judge:
    @hookimpl
    async def pacsd_authorize(self) -> None: ...


class Curtain:
    @hookimpl
    async def pacsd_restrict_query(self) -> None: ...


class Editor:
    @hookimpl
    async def pacsd_query_results(self) -> None: ...


def guard_of(hooks: Hooks) -> Guard:
    return make_guard(hooks, AuditSink(lambda: None, lambda: 0))


def asked(guard: Guard) -> tuple[bool, bool, bool, bool]:
    assert guard.permissions is not None
    assert guard.sights is not None
    assert guard.results is not None
    memories = (guard.permissions, guard.sights, guard.results)
    permits, restricts, changes = (each.are_asked_for for each in memories)
    return guard.has_logins, permits, restricts, changes


async def test_only_what_a_plugin_answers_is_asked() -> None:
    plugins = (object(), Porter(), Judge(), Curtain(), Editor())
    assert [asked(guard_of(hooks_of(each))) for each in plugins] == [
        (False, False, False, False),
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
        (False, False, False, True),
    ]


async def test_what_is_asked_follows_a_reload() -> None:
    hooks = hooks_of(object())
    guard = guard_of(hooks)
    hooks.replace({"acme": ObjectHome("acme", Porter())}, ())
    assert asked(guard) == (True, False, False, False)
