"""User identities of associations: read, asked about, answered (PS3.7 section D.3.3.7)."""

import pytest
from structlog.testing import capture_logs

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.access import AccessRequest, Door, Login, NotRecognized, Principal
from pacsd.api.vote import Deny
from pacsd.dicom.status import Status
from pacsd.net.identity import login_of
from pacsd.ul import decode
from pacsd.ul.items import UserIdentityRQ, UserInformation
from pacsd.ul.pdu import PDUType
from tests.net.harness import (
    STORE_CONTEXT,
    Setup,
    associate_rq,
    command,
    data_set,
    reject_pdu,
    serving,
    store_rq,
)

PASSCODE = b"correct horse"


def identity(
    kind: int, primary: bytes, secondary: bytes = b"", *, wants_answer: bool = False
) -> UserIdentityRQ:
    return UserIdentityRQ(kind, wants_answer, primary, secondary)


@pytest.mark.parametrize(
    ("shown", "scheme", "secret"),
    [
        (identity(1, b"eva"), "username", "eva"),
        (identity(2, "Jörg".encode(), b"x:y"), "basic", "Jörg:x:y"),
        (identity(2, b"eva"), "basic", "eva:"),
        (identity(3, b"\x60\xff"), "kerberos", "YP8="),
        (identity(4, b"<Assertion/>"), "saml", "<Assertion/>"),
        (identity(5, b"a.b.c"), "bearer", "a.b.c"),
    ],
)
def test_each_type_is_a_login(shown: UserIdentityRQ, scheme: str, secret: str) -> None:
    assert login_of(shown, "192.0.2.7") == Login(Door.DIMSE, "192.0.2.7", scheme, secret)


@pytest.mark.parametrize(
    "shown",
    [
        identity(0, b"eva"),
        identity(6, b"eva"),
        identity(1, b""),
        identity(1, b"\xff"),
        identity(2, b"a:b", b"c"),
        identity(2, b"", b"c"),
        identity(2, b"eva", b"\xff"),
        identity(3, b""),
    ],
)
def test_what_nobody_could_read_is_no_login(shown: UserIdentityRQ) -> None:
    assert login_of(shown, "192.0.2.7") is None


def accepted(pdu: bytes) -> UserInformation:
    assert pdu[0] == PDUType.ASSOCIATE_AC
    return decode.decode_associate_ac(memoryview(pdu)[6:]).user_information


async def knows_eva(login: Login) -> Principal | NotRecognized | None:
    if (login.scheme, login.secret) == ("basic", f"eva:{PASSCODE.decode()}"):
        return Principal("Eva", ("reader",))
    return NotRecognized("wrong passcode") if login.scheme == "basic" else None


EVA = identity(2, b"eva", PASSCODE, wants_answer=True)


async def test_whoever_is_recognized_is_told_so_and_asked_about_by_name() -> None:
    asked: list[AccessRequest] = []

    async def refuses(request: AccessRequest) -> Deny:
        asked.append(request)
        return Deny("no")

    setup = Setup(authenticate=knows_eva, authorize=refuses)
    async with serving(setup) as served, served.caller() as caller:
        await caller.send(associate_rq(identity=EVA))
        assert accepted(await caller.pdu()).user_identity_response == b""
        await caller.send(command(store_rq(), STORE_CONTEXT), data_set())
        await caller.pdu()
    assert [each.principal for each in asked] == [Principal("Eva", ("reader",))]
    assert asked[0].door is Door.DIMSE


async def test_a_login_that_has_ended_allows_nothing_more() -> None:
    asked: list[Login] = []

    async def knows_eva_once(login: Login) -> Principal | NotRecognized:
        asked.append(login)
        return Principal("Eva", valid_for_s=0.0) if len(asked) == 1 else NotRecognized("ended")

    setup = Setup(authenticate=knows_eva_once)
    async with serving(setup) as served:
        async with served.associated(associate_rq(identity=EVA)) as caller:
            assert await caller.echo() == 0
            assert [await caller.store() for _ in range(2)] == [Status.NOT_AUTHORIZED] * 2
            assert asked == [asked[0]] * 2
            assert not served.store.objects
        async with served.caller() as caller:
            await caller.send(associate_rq(identity=EVA))
            assert await caller.pdu() == reject_pdu(1, 1, 1)


async def test_whoever_decides_by_the_time_somebody_is_recognized_is_asked() -> None:
    async def refuses(_: AssociationRequest) -> Refusal:
        return Refusal(1, 1, 1, "not now")

    async def knows_eva_while_a_plugin_comes(login: Login) -> Principal | NotRecognized | None:
        served.hook = refuses
        return await knows_eva(login)

    async with serving(Setup(authenticate=knows_eva_while_a_plugin_comes)) as served:
        async with served.caller() as caller:
            await caller.send(associate_rq(identity=EVA))
            assert (await caller.pdu())[0] == PDUType.ASSOCIATE_RJ
        served.hook = None


async def test_no_answer_is_sent_that_nobody_asked_for() -> None:
    quiet = identity(2, b"eva", PASSCODE)
    async with serving(Setup(authenticate=knows_eva)) as served, served.caller() as caller:
        await caller.send(associate_rq(identity=quiet))
        assert accepted(await caller.pdu()).user_identity_response is None


@pytest.mark.parametrize(
    "shown", [identity(2, b"eva", b"guess"), identity(1, b"eva"), identity(7, b"x")]
)
async def test_whoever_is_not_recognized_is_rejected(shown: UserIdentityRQ) -> None:
    async with serving(Setup(authenticate=knows_eva)) as served, served.caller() as caller:
        await caller.send(associate_rq(identity=shown))
        assert await caller.pdu() == reject_pdu(1, 1, 1)
        refusal = served.recorder.last_refusal("MODALITY")
        assert refusal is not None
        assert refusal.why == f"its user identity of type {shown.identity_type} is not recognized"
        await served.is_unharmed()


async def test_without_an_identity_it_is_the_calling_ae() -> None:
    asked: list[AccessRequest] = []

    async def permits(request: AccessRequest) -> Deny | None:
        asked.append(request)
        return None

    setup = Setup(authenticate=knows_eva, authorize=permits)
    async with serving(setup) as served, served.associated() as caller:
        await caller.send(command(store_rq(), STORE_CONTEXT), data_set())
        await caller.pdu()
    assert [each.principal.name for each in asked] == ["MODALITY"]


async def test_without_a_plugin_an_identity_means_nothing() -> None:
    async with serving() as served, served.associated(associate_rq(identity=EVA)) as caller:
        assert await caller.echo() == 0


async def test_a_secret_is_in_no_log_and_no_trace() -> None:
    levels = frozenset({"transcript", "values", "payload"})
    with capture_logs() as captured:
        async with serving(Setup(authenticate=knows_eva, trace=levels)) as served:
            for shown in (EVA, identity(2, b"eva", b"correct guess")):
                async with served.caller() as caller:
                    await caller.send(associate_rq(identity=shown))
                    await caller.pdu()
    said = repr(captured)
    assert ">> bytes" in said
    for part in (b"correct", b"eva"):
        assert part.decode() not in said
        assert part.hex() not in said
