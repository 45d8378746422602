"""Programs run as models: in cages, on folders, judged by what they leave."""

import json
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from pacsd_ai_process.folder import TooMuch
from pacsd_ai_process.result import BadResult
from pacsd_ai_process.runner import ProcessRunner, RunRefused

from pacsd.testing.ai_contract import SERIES
from pacsd.testing.ai_runner_contract import AiRunnerContract
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.objects import dicom_file
from tests.model_programs import COUNTS, runner_of, work

pytestmark = pytest.mark.usefixtures("cage_holds")


class TestContract(AiRunnerContract):
    model = "counts"

    @pytest.fixture
    def runner(self, host: FakeHost) -> ProcessRunner:
        return runner_of(host, COUNTS, at_once=2)


@pytest.fixture
async def host(tmp_path: Path) -> FakeHost:
    made = fake_host(tmp_path)
    for number in range(3):
        file = dicom_file({"SOPInstanceUID": f"{SERIES}.{number}"}, pixel_bytes=64)
        await made.instances.add(BytesIO(file))
    return made


def folders(host: FakeHost) -> list[Path]:
    return [*(host.data_dir / host.name).iterdir()]


async def test_it_finds_what_the_program_says(host: FakeHost) -> None:
    found = await runner_of(host, COUNTS).run(work())
    assert found is not None
    assert found.summary == "3 files"
    kept = json.loads(found.payload)
    assert kept["findings"] == {"model": "counts"}
    assert (Path(kept["output"]) / "mask.bin").read_bytes() == b"mask"
    [folder] = folders(host)
    assert {each.name for each in folder.iterdir()} == {"output", "work.json", "program.log"}


async def test_a_program_that_leaves_no_result_has_found_nothing(host: FakeHost) -> None:
    assert await runner_of(host, "pass").run(work()) is None


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise SystemExit(3)", "test ended with exit code 3; what it said is in "),
        ("import os; os.kill(os.getpid(), 11)", "test was ended by signal 11; "),
        ("bytearray(10**9)", "test ended with exit code 1; "),
        ("while True: pass", "test was ended by signal (9|24); "),
    ],
)
async def test_p01_what_fails_is_a_failed_attempt(host: FakeHost, program: str, said: str) -> None:
    tested = runner_of(host, program, memory_bytes=256 * 1024**2, cpu_s=1)
    with pytest.raises(RunRefused, match=said):
        await tested.run(work())
    [folder] = folders(host)
    assert {each.name for each in folder.iterdir()} == {"work.json", "program.log"}


async def test_what_it_said_is_kept_as_far_as_it_goes(host: FakeHost) -> None:
    program = "import sys; print('a' * 100_000); print('b', file=sys.stderr); sys.exit(1)"
    with pytest.raises(RunRefused):
        await runner_of(host, program).run(work())
    [folder] = folders(host)
    assert (folder / "program.log").read_bytes() == b"a" * 65_536


@pytest.mark.parametrize(
    ("program", "raised", "said"),
    [
        ("open('output/result.json', 'w').write('{')", BadResult, "result.json: is no JSON"),
        (
            "[open(f'output/{name}', 'wb').write(bytes(1_500)) for name in 'ab']",
            TooMuch,
            "bytes in output, 2048 are the most",
        ),
        (
            "import os; os.symlink('/etc/passwd', 'output/result.json')",
            OSError,
            "Too many levels of symbolic links",
        ),
    ],
)
async def test_p01_junk_is_refused(
    host: FakeHost, program: str, raised: type[Exception], said: str
) -> None:
    with pytest.raises(raised, match=said):
        await runner_of(host, program, output_bytes=2_048).run(work())


async def test_a_model_that_it_has_not_is_named(host: FakeHost) -> None:
    with pytest.raises(RunRefused, match="program test has no model other"):
        await runner_of(host, COUNTS).run(work(model="other"))


async def test_a_program_that_is_not_there_is_told(host: FakeHost) -> None:
    with pytest.raises(RunRefused, match="test could not be begun"):
        await runner_of(host, "", command=["/no/such/program"]).run(work())
    [folder] = folders(host)
    assert b"No such file or directory" in (folder / "program.log").read_bytes()


async def test_one_that_is_cancelled_ends_with_all_that_it_began(host: FakeHost) -> None:
    program = """
import os, time
if not os.fork():
    os.setsid()
alive = open("output/alive", "a")
time.sleep(600)
"""
    tested = runner_of(host, program)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run, work())
        alive = await _found(host, "output/alive")
        assert [*_with_open(alive)]
        tasks.cancel_scope.cancel()
    # Whoever still lived would have the file open.
    assert not [*_with_open(alive)]


def _with_open(path: Path) -> Iterator[Path]:
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.samefile(path):
                yield link


async def _found(host: FakeHost, name: str) -> Path:
    root = host.data_dir / host.name
    with anyio.fail_after(30):
        while True:
            found = [*root.glob(f"*/{name}")] if root.is_dir() else []
            if found:
                return found[0]
            await anyio.lowlevel.checkpoint()


async def test_what_old_runs_have_left_is_removed(host: FakeHost) -> None:
    tested = runner_of(host, COUNTS)
    await tested.run(work())
    tested._runs._keep_s = 0
    await tested.run(work())
    assert len(folders(host)) == 1
