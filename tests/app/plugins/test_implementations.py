from pacsd.api.acceptance import Refusal
from pacsd.api.hooks import hookimpl
from pacsd.app.plugins.implementations import implementations
from pacsd.testing.object_home import ObjectHome

NO = Refusal(1, 1, 1, "no")
HOOK = "pacsd_association_requested"


class Async:
    @hookimpl
    async def pacsd_association_requested(self, request: object) -> object:
        return request


class Plain:
    @hookimpl
    def pacsd_association_requested(self) -> Refusal:
        return NO


class First:
    @hookimpl(tryfirst=True)
    async def pacsd_association_requested(self) -> None: ...


class Last:
    @hookimpl(trylast=True)
    async def pacsd_association_requested(self) -> None: ...


def homes_of(**plugins: object) -> dict[str, ObjectHome]:
    return {name: ObjectHome(name, plugin) for name, plugin in plugins.items()}


def test_the_last_one_is_asked_first_unless_they_want_it_otherwise() -> None:
    homes = homes_of(a=First(), b=Async(), c=Plain(), d=Last())
    found = implementations(homes, HOOK)
    assert [each.plugin for each in found] == ["a", "c", "b", "d"]
    assert [each.takes_all for each in found] == [False, False, True, False]
    assert [each.hops for each in found] == [False, True, False, False]


def test_who_does_not_implement_it_is_not_asked() -> None:
    assert implementations(homes_of(a=object()), HOOK) == ()


async def test_each_is_called_with_what_it_names() -> None:
    plain, async_ = implementations(homes_of(a=Async(), b=Plain()), HOOK)
    assert await plain.begin({"request": 7}) == NO
    assert await async_.begin({"request": 7}) == 7
