from pacsd.api.hooks import hookimpl
from pacsd.app.guarding import make_guard
from pacsd.net.web.guard import Guard
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of


class Porter:
    @hookimpl
    async def pacsd_authenticate(self) -> None: ...


class Judge:
    @hookimpl
    async def pacsd_authorize(self) -> None: ...


def asked(guard: Guard) -> tuple[bool, bool]:
    assert guard.permissions is not None
    return guard.has_logins, guard.permissions.are_asked_for


def test_only_what_a_plugin_answers_is_asked() -> None:
    assert asked(make_guard(hooks_of(object()))) == (False, False)
    assert asked(make_guard(hooks_of(Porter()))) == (True, False)
    assert asked(make_guard(hooks_of(Judge()))) == (False, True)


def test_what_is_asked_follows_a_reload() -> None:
    hooks = hooks_of(object())
    guard = make_guard(hooks)
    hooks.replace({"acme": ObjectHome("acme", Porter())})
    assert asked(guard) == (True, False)
