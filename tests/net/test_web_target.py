"""A DICOMweb server as a target of routes, over sockets: it answers byte by byte as told."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop

from pacsd.api.errors import NotProvided
from pacsd.api.route_target import DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.net.sending import Outbound
from pacsd.net.target_run import NOT_COERCED
from pacsd.net.throttle import Throttle, Throttles
from pacsd.net.web_target import WebSending, WebTarget
from pacsd.net.web_targets import WebTargetSettings
from pacsd.testing.route_contract import RouteTargetContract
from tests.archive.test_pace import Time
from tests.net.harness import FakeRetriever, Trail
from tests.net.test_retrieving import several, stored
from tests.net.test_target_run import delivery
from tests.net.web_client.answering import Answering, answer, answering
from tests.net.web_client.test_delivery import response

DELIVERED, REFUSED, AGAIN = DeliveryOutcome


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


def target(
    retriever: FakeRetriever, root: str, trail: Trail | None = None, **others: object
) -> WebTarget:
    settings = WebTargetSettings.model_validate({"name": "siteb", "url": root, **others})
    return WebSending(retriever, {"siteb": settings}, trail or Trail()).target("web:siteb")


async def sent(served: Answering, retriever: FakeRetriever, count: int) -> DeliveryResult:
    return await target(retriever, served.root).send(delivery(count))


class TestContract(RouteTargetContract):
    @pytest.fixture
    def target(self) -> WebTarget:
        return target(several(0), "http://127.0.0.1:1/dicomweb")


async def test_instances_arrive_as_files_and_are_noted() -> None:
    trail, retriever = Trail(), several(2)
    async with answering(response("1.2.0", "1.2.1")) as served:
        result = await target(retriever, served.root, trail).send(delivery(2))
    assert result == DeliveryResult(DELIVERED, status="0000")
    for asked, (instance, data_set) in zip(served.asked, retriever.objects, strict=True):
        assert (asked.method, asked.target) == ("POST", "/dicomweb/studies")
        assert data_set in asked.body
        assert instance.sop_instance_uid.encode() in asked.body
    [noted] = trail.noted
    assert (noted.action, noted.detail) == ("route (STOW-RS to siteb)", "2 of 2 instances")
    assert noted.peer_address == "127.0.0.1"


async def test_files_leave_as_fast_as_the_target_is_sent_to() -> None:
    time, retriever = Time(), several(2)
    throttles = Throttles({"web:siteb": Throttle(1, 20_000, now_s=time, sleep=time.sleep)})
    async with answering(response("1.2.0", "1.2.1")) as served:
        settings = WebTargetSettings(name="siteb", url=served.root)
        made = WebSending(retriever, {"siteb": settings}, Trail(), throttles)
        result = await made.target("web:siteb").send(delivery(2))
    assert result == DeliveryResult(DELIVERED, status="0000")
    bodies = b"".join(each.body for each in served.asked)
    assert all(data_set in bodies for _, data_set in retriever.objects)
    assert time.now_s - 100 >= 2


async def test_a_token_is_read_anew_each_time(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    async with answering(response("1.2.0")) as served:
        tested = target(several(1), served.root, token_file=tmp_path / "token")
        await tested.send(delivery(1))
        (tmp_path / "token").write_text("two")
        await tested.send(delivery(1))
    assert [each.headers["authorization"] for each in served.asked] == ["Bearer one", "Bearer two"]


async def test_a_token_that_is_gone_is_told(tmp_path: Path) -> None:
    tested = target(several(1), "http://127.0.0.1:1", token_file=tmp_path / "none")
    result = await tested.send(delivery(1))
    assert result.outcome is AGAIN
    assert "No such file" in result.explanation
    assert await tested.check() == result.explanation


async def test_what_one_instance_meets_is_its_own() -> None:
    failed = {"vr": "SQ", "Value": [{
        "00081155": {"vr": "UI", "Value": ["1.2.1"]},
        "00081197": {"vr": "US", "Value": [0xA900]},
    }]}  # fmt: skip
    there = {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.0"]}}]}
    said = json.dumps({"00081199": there, "00081198": failed}).encode()
    async with answering(answer(said, status=202)) as served:
        result = await sent(served, several(2), 2)
    assert result.outcome is DELIVERED
    [one] = result.exceptions
    assert (one.sop_instance_uid, one.outcome, one.status) == ("1.2.1", REFUSED, "A900")


async def test_a_server_that_lies_has_what_it_names_only() -> None:
    async with answering(response("1.2.0", "9.9.9")) as served:
        result = await sent(served, several(2), 2)
    assert [(each.sop_instance_uid, each.outcome) for each in result.exceptions] == [
        ("1.2.1", AGAIN)
    ]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_a_server_that_takes_nothing_is_tried_again(status: int) -> None:
    async with answering(answer(b"", "", status=status)) as served:
        tested = target(several(1), served.root)
        result = await tested.send(delivery(1))
        assert [each.outcome for each in result.exceptions] == [AGAIN] or result.outcome is AGAIN
        assert await tested.check() == f"{served.root}: HTTP {status}"


@pytest.mark.parametrize("status", [200, 204, 404, 405])
async def test_whatever_a_search_finds_the_server_is_there(status: int) -> None:
    async with answering(answer(b"[]" if status == 200 else b"", status=status)) as served:
        assert await target(several(0), served.root).check() is None
    [asked] = served.asked
    assert asked.target == "/dicomweb/studies?limit=1"


async def test_a_server_that_is_away_is_tried_again() -> None:
    tested = target(several(2), "http://127.0.0.1:1/dicomweb")
    result = await tested.send(delivery(2))
    assert (result.outcome, result.exceptions) == (AGAIN, ())
    assert result.explanation
    assert await tested.check()


class Corrected(FakeRetriever):
    """Gives more bytes than are stored, as of what was corrected; of one it can give none."""

    async def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        if instance.sop_instance_uid == "1.2.1":
            raise OSError("damaged")
        yield b"another "
        async for piece in super().read(instance):
            yield piece


async def test_what_was_corrected_leaves_with_its_own_length() -> None:
    objects = [
        (replace(instance, corrections=(object(),)), data)  # type: ignore[arg-type]
        for instance, data in (stored("1.2.0"), stored("1.2.1"))
    ]
    async with answering(response("1.2.0")) as served:
        result = await sent(served, Corrected(*objects), 2)
    assert result.exceptions == (InstanceResult("1.2.1", AGAIN, "damaged"),)
    [asked] = served.asked
    assert b"another " in asked.body


def test_only_those_of_the_configuration_are_there() -> None:
    with pytest.raises(NotProvided, match="web:other is no name of a"):
        WebSending(several(0), {}, Trail()).target("web:other")


async def test_copies_leave_in_the_place_of_what_is_stored() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"the copy"

    copy = Outbound("1.2.840.10008.5.1.4.1.1.2", "2.25.1", EXPLICIT_VR_LITTLE_ENDIAN, pieces)
    trail, coerced = Trail(), replace(delivery(1), coercion="research")
    facts = replace(coerced.instances[0], sop_instance_uid="2.25.1")
    async with answering(response("2.25.1")) as served:
        tested = target(several(1), served.root, trail)
        result = await tested.send_copies(replace(coerced, instances=(facts,)), [copy])
    assert result == DeliveryResult(DELIVERED, status="0000")
    [asked] = served.asked
    assert b"the copy" in asked.body
    assert b"2.25.1" in asked.body
    assert trail.noted[0].detail == "1 of 1 instances, coerced by research"


async def test_without_copies_nothing_that_is_to_be_coerced_leaves() -> None:
    async with answering(response("1.2.0")) as served:
        coerced = replace(delivery(1), coercion="research")
        assert await target(several(1), served.root).send(coerced) == NOT_COERCED
    assert served.asked == []
