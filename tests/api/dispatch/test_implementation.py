from pacsd.api.dispatch.implementation import Implementation


async def takes_one(request: object) -> object:
    return request


async def test_it_is_given_what_it_names() -> None:
    implementation = Implementation("acme", takes_one, ("request",), hops=False)
    assert await implementation.begin({"request": 7, "other": 8}) == 7
