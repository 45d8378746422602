from pacsd.api.dispatch.implementation import Implementation


async def takes_one(request: object) -> object:
    return request


async def test_it_is_given_what_it_names() -> None:
    implementation = Implementation("acme", takes_one, ("request",), takes_all=False, hops=False)
    assert await implementation.begin({"request": 7, "other": 8}) == 7


async def test_all_arguments_are_given_as_they_are() -> None:
    implementation = Implementation("acme", takes_one, ("request",), takes_all=True, hops=False)
    assert await implementation.begin({"request": 7}) == 7
