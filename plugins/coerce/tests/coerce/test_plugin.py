"""CoercePlugin as pacsd calls it."""

import tempfile
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pacsd_coerce import CoercePlugin
from pacsd_coerce.deidentify import Patient
from pacsd_coerce.errors import CoercionFileError, NotCoerced
from pacsd_coerce.plugin import NamedCoercion
from pacsd_coerce.pseudonym_map import PseudonymMap
from pacsd_coerce.settings import CoerceSettings
from pydicom.dataset import FileDataset

from pacsd.api.commands import CommandAnswer
from pacsd.api.config_change import ConfigChange
from pacsd.api.health import Health
from pacsd.api.host import NOWHERE, HostError
from pacsd.api.receiving import Coerce, Hold
from pacsd.testing.fake_host import FakeHost
from pacsd.testing.gate_contract import InstanceGateContract
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import received_instance
from pacsd.testing.objects import dicom_file

FILE = """
    [coercion.house]
    step = [{ set = { InstitutionName = "X" } }]
    [coercion.long]
    step = [{ template = { StudyID = "{PatientName}" } }]
    [coercion.research]
    step = [{ deidentify = {} }]
    """
RULE = "[[in]]\nname = 'r'\ncoerce = "


def made(host: FakeHost, file: str = FILE, *, key: str = "0123456789abcdef") -> CoercePlugin:
    (host.data_dir / "coercions.toml").write_text(file, encoding="utf-8")
    keys = {"file": "coercions.toml", **({"key": key} if key else {})}
    return CoercePlugin(host, CoerceSettings.model_validate(keys))


async def started(host: FakeHost, file: str = FILE) -> CoercePlugin:
    plugin = made(host, file)
    assert plugin.check() == ()
    await plugin.startup()
    return plugin


async def copied(plugin: CoercePlugin, name: str) -> FileDataset:
    coercion = await call_hook(plugin, "pacsd_coercion", name=name)
    assert isinstance(coercion, NamedCoercion)
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(dicom_file())
        source.flush()
        await coercion.coerce(source, target)
        target.seek(0)
        return pydicom.dcmread(BytesIO(target.read()))


async def test_what_comes_is_coerced_by_the_rules(host: FakeHost) -> None:
    plugin = await started(host, FILE + RULE + "'house'")
    answer = await call_hook(plugin, "pacsd_instance_received", instance=received_instance())
    assert answer == Coerce({"InstitutionName": "X"}, "rule r")
    plugin = await started(host)
    assert await call_hook(plugin, "pacsd_instance_received", instance=received_instance()) is None


async def test_what_cannot_be_coerced_waits_for_somebody(host: FakeHost) -> None:
    plugin = await started(host, FILE + RULE + "'long'")
    instance = received_instance(attributes={"PatientName": "Somebody^With a long name"})
    answer = await call_hook(plugin, "pacsd_instance_received", instance=instance)
    assert isinstance(answer, Hold)
    assert answer.reason.startswith("cannot be coerced: StudyID: ")
    assert "Somebody" not in answer.reason


async def test_a_pseudonym_is_durable_before_the_copy_may_leave(host: FakeHost) -> None:
    plugin = await started(host)
    copy = await copied(plugin, "research")
    answer = await call_hook(
        plugin, "pacsd_command", name="reidentify", arguments=(copy.PatientID,)
    )
    assert answer == CommandAnswer("PatientID=TEST-1")
    [note] = host.audit.notes
    assert (note.action, note.outcome) == ("re-identify", "told")
    assert "TEST-1" not in note.detail


async def test_who_is_not_known_is_not_told_but_noted(host: FakeHost) -> None:
    plugin = await started(host)
    answer = await call_hook(plugin, "pacsd_command", name="reidentify", arguments=("A",))
    assert answer == CommandAnswer("A stands for nobody here", 1)
    assert [each.outcome for each in host.audit.notes] == ["not known"]
    for arguments in ((), ("A", "B")):
        answer = await call_hook(plugin, "pacsd_command", name="reidentify", arguments=arguments)
        assert isinstance(answer, CommandAnswer)
        assert answer.exit_code == 2


async def test_a_reload_takes_the_file_unless_it_has_an_error(host: FakeHost) -> None:
    plugin = await started(host)
    coercion = await call_hook(plugin, "pacsd_coercion", name="house")
    made(host, FILE.replace("InstitutionName", "InstitutionNam"))
    await call_hook(plugin, "pacsd_config_changed", change=ConfigChange())
    health = await call_hook(plugin, "pacsd_health")
    assert isinstance(health, Health)
    assert "InstitutionNam is no keyword" in health.explanation
    assert (await copied(plugin, "house")).InstitutionName == "X"
    made(host, FILE.replace("coercion.house", "coercion.other").replace('"X"', '"Y"'))
    await call_hook(plugin, "pacsd_config_changed", change=ConfigChange())
    assert await call_hook(plugin, "pacsd_health") is None
    assert (await copied(plugin, "other")).InstitutionName == "Y"
    assert await call_hook(plugin, "pacsd_coercion", name="house") is None
    assert isinstance(coercion, NamedCoercion)
    with pytest.raises(LookupError, match="has no house any more"):
        await coercion.coerce(BytesIO(), BytesIO())


async def test_what_is_no_object_is_not_copied(host: FakeHost, tmp_path: Path) -> None:
    plugin = await started(host)
    coercion = await call_hook(plugin, "pacsd_coercion", name="house")
    assert isinstance(coercion, NamedCoercion)
    (tmp_path / "junk").write_bytes(b"junk")
    with (tmp_path / "junk").open("rb") as source, pytest.raises(NotCoerced):
        await coercion.coerce(source, BytesIO())


@pytest.mark.parametrize(
    ("file", "key", "said"),
    [
        ("x = 1", "0123456789abcdef", "coercions.toml: x: no such key"),
        (FILE, "", "coercion research needs a key"),
    ],
)
async def test_what_cannot_work_keeps_the_daemon_from_starting(
    host: FakeHost, file: str, key: str, said: str
) -> None:
    plugin = made(host, file, key=key)
    [why] = plugin.check()
    assert said in why
    with pytest.raises(CoercionFileError):
        await plugin.startup()


async def test_a_map_that_cannot_be_written_lets_nothing_leave(host: FakeHost) -> None:
    plugin = await started(host, FILE)
    with pytest.raises(HostError):
        await plugin.pseudonyms().keep(Patient("x" * 70_000, "", "A"))
    plugin._map = PseudonymMap(NOWHERE)
    with pytest.raises(HostError, match="there is no daemon"):
        await copied(plugin, "research")


class TestGate(InstanceGateContract):
    @pytest.fixture
    async def plugin(self, host: FakeHost) -> CoercePlugin:
        return await started(host, FILE + RULE + "'house'")
