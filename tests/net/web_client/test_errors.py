from pacsd.net.web_client.errors import Broken, NotReached, Refused, UnreadableInstance, WebError


def test_they_are_told_apart() -> None:
    refused = Refused(403, "no")
    assert (refused.status, str(refused)) == (403, "no")
    unreadable = UnreadableInstance(2, "gone")
    assert (unreadable.position, str(unreadable)) == (2, "gone")
    assert {Broken.__base__, NotReached.__base__, Refused.__base__} == {WebError}
    assert not isinstance(unreadable, WebError)
