from pacsd.api.hooks import hookimpl
from pacsd.app.guarding import make_guard
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


def test_only_what_a_plugin_answers_is_asked() -> None:
    plugins = (object(), Porter(), Judge(), Curtain())
    nobody, porter, judge, curtain = (make_guard(hooks_of(each)) for each in plugins)
    assert (nobody.logins, nobody.permissions, nobody.sights) == (None, None, None)
    assert curtain.sights is not None
    assert curtain.permissions is None
    assert porter.logins is not None
    assert porter.permissions is None
    assert judge.logins is None
    assert judge.permissions is not None
