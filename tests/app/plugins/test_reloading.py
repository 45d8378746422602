"""Plugins exchanged in a daemon that runs, each in a process of its own, while others work."""

import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path

import anyio
import pytest
import structlog
from anyio import to_thread
from typer.testing import CliRunner

from pacsd.api.errors import PluginError
from pacsd.api.plugin import Logger
from pacsd.app.cli.main import build
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.conf.settings import Config, StoreSettings
from pacsd.app.plugins import reloading
from pacsd.app.plugins.beside import tasks_beside
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.life import Locate, Plugins
from pacsd.app.plugins.loading import load, without_place
from pacsd.app.plugins.reloading import Exchange, Exchanged, NotExchanged
from pacsd.net.endpoint import Endpoint
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, open_association
from pacsd.net.sending import send
from pacsd.net.store_contexts import propose
from pacsd.testing.daemon import Running, running
from pacsd.testing.objects import data_set
from tests.app.plugins.reloaded import installed
from tests.app.plugins.samples import SlowlyChecked, Telling
from tests.net.storing_peer import instance

REFUSED = 0xA700
COMMON = 'peers_file = "peers.toml"\n'


class Reloaded:
    """A daemon with a configuration that changes."""

    def __init__(self, folder: Path, daemon: Running, file: Path) -> None:
        self.folder = folder
        self.daemon = daemon
        self.file = file

    def reload(self, plugins: str) -> tuple[int, str]:
        """Write other plugins into its configuration, and have it read again."""
        self.file.write_text(COMMON + plugins, encoding="utf-8")
        done = CliRunner().invoke(build(), ["reload", "--data-dir", str(self.daemon.data_dir)])
        return done.exit_code, done.output

    def pids(self, plugin: str) -> list[object]:
        return [line["pid"] for line in self.daemon.said("up") if line["plugin"] == plugin]


@contextmanager
def serving(folder: Path, plugins: str) -> Iterator[Reloaded]:
    file = folder / "pacsd.toml"
    file.write_text(COMMON + plugins, encoding="utf-8")
    (folder / "peers.toml").write_text('[[peer]]\nae_title = "CT1"\nhost = "127.0.0.1"\n')
    environment = installed(folder / "installed")
    with running("--config", str(file), environment=environment) as daemon:
        yield Reloaded(folder, daemon, file)
        assert daemon.stop() == 0
        assert daemon.tracebacks() == []


async def stored(association: RequestedAssociation, number: int, patient_id: str) -> int | None:
    """The status of a C-STORE."""
    uid = f"1.2.3.{number}"
    attributes = {"SOPInstanceUID": uid, "PatientID": patient_id, "StudyInstanceUID": f"1.{number}"}
    return (await send(association, instance(uid, data_set(attributes)))).status


def gate(name: str, patient_id: str, rest: str = "") -> str:
    return f'[plugins.{name}]\npatient_id = "{patient_id}"\n{rest}'


async def test_an_association_goes_on_while_plugins_are_added_changed_and_removed(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, gate("one", "A") + gate("two", "B")) as served:
        daemon = served.daemon
        place = Destination(Endpoint("127.0.0.1", daemon.port), "PACSD", "CT1")
        contexts = propose([instance("1.2.3", b"").stored_as])
        association = await open_association(place, contexts)
        for number, patient_id in enumerate("ABCD"):
            status = REFUSED if patient_id in "AB" else 0
            assert await stored(association, number, patient_id) == status

        wanted = gate("one", "A") + gate("two", "C") + gate("three", "D")
        told = "reloaded\nplugins started: two, three\nplugins stopped: two\n"
        assert await to_thread.run_sync(served.reload, wanted) == (0, told)
        for number, patient_id in enumerate("ABCD", 10):
            status = 0 if patient_id == "B" else REFUSED
            assert await stored(association, number, patient_id) == status

        told = "reloaded\nplugins stopped: one, two\n"
        assert await to_thread.run_sync(served.reload, gate("three", "D")) == (0, told)
        for number, patient_id in enumerate("ABCD", 20):
            status = REFUSED if patient_id == "D" else 0
            assert await stored(association, number, patient_id) == status
        await association.release()
        await to_thread.run_sync(daemon.wait_for, "association")

    [ended] = daemon.said("association")
    assert (ended["outcome"], ended["operations"]) == ("released", 12)
    assert [len(served.pids(name)) for name in ("one", "two", "three")] == [1, 2, 1]
    downs = [(line["plugin"], line["pid"]) for line in daemon.said("down")]
    assert sorted(downs) == sorted(
        (name, pid) for name in ("one", "two", "three") for pid in served.pids(name)
    )
    counts = [
        (line["plugins_started"], line["plugins_stopped"], line["plugins_kept"])
        for line in daemon.said("reloaded")
    ]
    # The store's plugin is kept, too.
    assert counts == [(2, 1, 2), (0, 2, 2)]
    assert [(line["plugin"], line["keys"]) for line in daemon.said("told")] == [
        ("one", "plugins.two.patient_id,plugins.three.patient_id"),
        ("three", "plugins.one.patient_id,plugins.two.patient_id"),
    ]


def test_c06_a_plugin_that_does_not_start_changes_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, gate("one", "A")) as served:
        broken = gate("one", "B") + gate("two", "C", 'startup_error = "no disk"\n')
        refusal = "all stays as it was:\nplugin two: did not start: raised OSError: no disk\n"
        assert served.reload(broken) == (1, refusal)
        wrong = gate("one", "B") + gate("two", "C", "patient = 1\n") + "[plugins.four]\n"
        code, told = served.reload(wrong)
        assert code == 1
        assert f"{served.file}:6: plugins.two.patient" in told
        assert f"{served.file}:7: plugins.four: plugin 'four' is not installed" in told
        assert served.reload(gate("one", "A")) == (0, "reloaded\n")
        assert served.daemon.wait_for("reloaded")["plugins_kept"] == 2
    # The one that was changed had begun, and is gone again.
    assert len(served.pids("one")) == 2
    assert [line["plugin"] for line in served.daemon.said("down")].count("one") == 2
    assert len(served.daemon.said("reload refused, all stays as it was")) == 3


def test_the_store_stays_as_it_is_until_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path, "") as served:
        needed = "changed, but only a restart takes it over: plugins.store_fs.threads\n"
        assert served.reload("[plugins.store_fs]\nthreads = 3\n") == (0, f"reloaded\n{needed}")


def test_who_asks_has_to_log_in_as_soon_as_there_is_a_plugin_for_it(tmp_path: Path) -> None:
    with serving(tmp_path, "") as served:
        url = f"{served.daemon.http_url}/dicomweb/studies"
        assert status_of(url) in {200, 204}
        assert served.reload("[plugins.porter]\n") == (0, "reloaded\nplugins started: porter\n")
        assert status_of(url) == 401
        assert status_of(url, Authorization="Bearer x") in {200, 204}
        assert served.reload("") == (0, "reloaded\nplugins stopped: porter\n")
        assert status_of(url) in {200, 204}


def test_who_is_ill_is_named(tmp_path: Path) -> None:
    with serving(tmp_path, gate("one", "A")) as served:
        code, said = served.reload(gate("one", "A") + gate("two", ""))
        assert (code, "plugin two is ill: idle" in said) == (1, True)
        options = ["--config", str(served.file), "--data-dir", str(served.daemon.data_dir)]
        listed = CliRunner().invoke(build(), ["plugins", "list", *options]).output
        assert "two: enabled, no package brings it: it is not installed; ill: idle" in listed
        states = served.daemon.ask("plugins.states")
        assert states == [
            {"plugin": "one", "is_well": True, "explanation": ""},
            {"plugin": "two", "is_well": False, "explanation": "idle"},
            {"plugin": "store_fs", "is_well": True, "explanation": ""},
        ]
        url = f"{served.daemon.http_url}/metrics"
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - a daemon of ours
            metrics = answer.read().decode()
        assert 'pacsd_plugin_healthy{plugin="two"} 0.0' in metrics
        assert 'pacsd_plugin_healthy{plugin="store_fs"} 1.0' in metrics
        assert status_of(f"{served.daemon.http_url}/ready") == 200


def status_of(url: str, **headers: str) -> int:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - a daemon of ours
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


SAMPLES = {"store": "Shelf", "one": "Telling", "two": "Telling", "slow": "SlowlyChecked"}
INSTALLED = {
    name: EntryPoint(name, f"tests.app.plugins.samples:{attr}", "pacsd.plugins")
    for name, attr in SAMPLES.items()
}


def config_of(**tables: dict[str, object]) -> Config:
    trusted: dict[str, object] = {"trusted": True}
    plugins = {name: trusted | table for name, table in {"store": {}, **tables}.items()}
    return Config(store=StoreSettings(name="store"), plugins=plugins)


def logger_of(name: str) -> Logger:
    made: Logger = structlog.get_logger(name)
    return made


@asynccontextmanager
async def exchanging(folder: Path, **tables: dict[str, object]) -> AsyncIterator[Exchange]:
    """Plugins that run here, and live inline."""

    def load_here(config: Config, locate: Locate) -> Plugins:
        return load(config, folder, logger_of, locate=locate, installed=INSTALLED)

    Telling.life.clear()
    plugins = load_here(config_of(**tables), without_place)
    async with tasks_beside() as tasks:
        await plugins.start(tasks)
        await plugins.hooks.blob_store("store")
        try:
            yield Exchange(plugins, load_here, lambda: INSTALLED)
        finally:
            await plugins.stop()


class Then:
    """What is done in the step in which the hooks are swapped, unless they are refused before."""

    def __init__(self, refusal: PluginError | None = None) -> None:
        self.calls = 0
        self._refusal = refusal

    async def __call__(self, _: Hooks) -> Callable[[], None]:
        if self._refusal is not None:
            raise self._refusal
        return self._step

    def _step(self) -> None:
        self.calls += 1


async def test_only_those_that_differ_are_exchanged(tmp_path: Path) -> None:
    then = Then()
    async with exchanging(tmp_path, one={}, two={"depth": 1}) as exchange:
        kept = exchange.plugins.homes["one"]
        wanted = config_of(store={"depth": 9}, one={}, two={"depth": 2})
        done = await exchange.exchange(wanted, without_place, then)
        assert done == Exchanged(("two",), ("two",), ("one", "store"))
        assert exchange.plugins.homes["one"] is kept
        done = await exchange.exchange(config_of(two={"depth": 2}), without_place, then)
        assert done == Exchanged((), ("one",), ("two", "store"))
        await anyio.wait_all_tasks_blocked()
        assert then.calls == 2
    assert Telling.life == [
        *("one up 3", "two up 1", "two up 2", "two down 1", "one down 3", "two down 2")
    ]


async def test_those_that_do_not_go_together_leave_all_as_it_was(tmp_path: Path) -> None:
    then = Then(PluginError("one", "GET /x is there already"))
    async with exchanging(tmp_path, two={}) as exchange:
        hooks = exchange.plugins.hooks
        before = hooks.implemented
        with pytest.raises(NotExchanged, match="GET /x is there already"):
            await exchange.exchange(config_of(one={}, two={}), without_place, then)
        assert [*exchange.plugins.homes] == ["two", "store"]
        assert hooks.implemented == before
    assert then.calls == 0
    assert Telling.life == ["two up 3", "one up 3", "one down 3", "two down 3"]


async def test_each_that_does_not_start_is_told_and_none_stays(tmp_path: Path) -> None:
    then = Then()
    failing: dict[str, object] = {"startup_error": "no disk", "depth": 7}
    async with exchanging(tmp_path) as exchange:
        with pytest.raises(NotExchanged) as refused:
            await exchange.exchange(config_of(one=failing, two=failing), without_place, then)
        assert [*exchange.plugins.homes] == ["store"]
    assert refused.value.reasons == tuple(
        f"plugin {name}: did not start: raised OSError: no disk" for name in ("one", "two")
    )
    assert Telling.life == ["one up 7", "two up 7", "two down 7", "one down 7"]
    assert then.calls == 0


async def test_one_that_is_broken_off_leaves_all_as_it_was(tmp_path: Path) -> None:
    async with exchanging(tmp_path, one={}) as exchange, anyio.create_task_group() as tasks:
        wanted = config_of(one={"depth": 5, "waits": True})
        tasks.start_soon(exchange.exchange, wanted, without_place, Then())
        with anyio.fail_after(30):
            while "one up 5" not in Telling.life:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert Telling.life == ["one up 3", "one up 5", "one down 5", "one down 3"]


async def test_what_is_wrong_with_a_table_is_told_before_anything_starts(tmp_path: Path) -> None:
    async with exchanging(tmp_path) as exchange:
        wanted = config_of(one={"dept": 5}, two={"isolation": "x"}, four={})
        with pytest.raises(NotExchanged) as refused:
            await exchange.exchange(wanted, without_place, Then())
    told = str(refused.value)
    assert "plugins.one.dept" in told
    assert "plugins.two.isolation" in told
    assert "plugin 'four' is not installed" in told
    assert Telling.life == []


async def test_checks_have_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloading, "CHECK_DEADLINE_S", 0.01)
    SlowlyChecked.released.clear()
    async with exchanging(tmp_path) as exchange:
        with pytest.raises(NotExchanged, match=r"not checked within 0\.01 s: slow"):
            await exchange.exchange(config_of(slow={}), without_place, Then())
    SlowlyChecked.released.set()


async def test_so_many_may_be_leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloading, "MAX_LEAVING", 0)
    async with exchanging(tmp_path) as exchange:
        with pytest.raises(NotExchanged, match="plugins of earlier reloads have yet to end"):
            await exchange.exchange(config_of(one={}), without_place, Then())


async def test_a_name_that_two_packages_have_is_told(tmp_path: Path) -> None:
    def twice() -> dict[str, EntryPoint]:
        raise PluginError("one", "provided twice")

    async with exchanging(tmp_path) as exchange:
        confused = Exchange(exchange.plugins, lambda *_: exchange.plugins, twice)
        with pytest.raises(NotExchanged, match="plugin one: provided twice"):
            await confused.exchange(config_of(one={}), without_place, Then())


@pytest.mark.parametrize(
    "error", [PluginError("x", "gone"), ConfigErrors([ConfigError("", None, "x", "", "gone")])]
)
async def test_what_is_gone_between_two_looks_is_told(tmp_path: Path, error: Exception) -> None:
    def fails(_: Config, __: Locate) -> Plugins:
        raise error

    async with exchanging(tmp_path) as exchange:
        broken = Exchange(exchange.plugins, fails, lambda: INSTALLED)
        with pytest.raises(NotExchanged, match="gone"):
            await broken.exchange(config_of(one={}), without_place, Then())
