"""What a program can and cannot do in its cage."""

import json
import os
from pathlib import Path

import anyio
import pytest
from pacsd_ai_process.cage import EXIT_CAGE, Cage
from pacsd_ai_process.process import Ended, run_caged

from tests.model_programs import settings_of

pytestmark = pytest.mark.usefixtures("cage_holds")

TRIES = """
import os, socket, sys
sys.path.insert(0, "input")
def tried():
    {deed}
try:
    print("did", tried())
except BaseException as error:
    print(type(error).__name__)
"""
DENIED = b"PermissionError\n"
UNSEEN = b"FileNotFoundError\n"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ("input", "output", "scratch"):
        (folder / "ai_process" / "run" / name).mkdir(parents=True)
    (folder / "secret").write_text("secret")
    (folder / "ai_process" / "other").mkdir()
    (folder / "ai_process" / "run" / "input" / "a.dcm").write_text("file")
    return folder


async def ran(data_dir: Path, program: str, **changed: object) -> Ended:
    settings = settings_of(program)
    named: dict[str, object] = {
        "command": [*settings.command],
        "folder": str(data_dir / "ai_process" / "run"),
        "hidden": str(data_dir),
        "readable": [str(each) for each in settings.readable],
        "cpu_s": 30,
        **changed,
    }
    with anyio.fail_after(50):
        return await run_caged(Cage(**named), {}, 4_096)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("return open('input/a.dcm').read()", b"did file\n"),
        ("return open('output/x', 'w').write('12')", b"did 2\n"),
        ("return open('scratch/x', 'w').write('12')", b"did 2\n"),
        ("return os.listdir('.')", b"did ['input', 'output', 'scratch']\n"),
        ("open('input/a.dcm', 'w')", b"OSError\n"),
        ("os.remove('input/a.dcm')", b"OSError\n"),
        ("os.chmod('input/a.dcm', 0o777)", b"OSError\n"),
        ("open('x', 'w')", DENIED),
        ("open('/tmp/x', 'w')", DENIED),
        ("open('../../secret')", UNSEEN),
        ("os.stat('../other')", UNSEEN),
        ("os.listdir('/home')", DENIED),
        ("os.listdir('/root')", DENIED),
        ("socket.create_connection(('127.0.0.1', 9))", DENIED),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))", b"OSError\n"),
        ("os.kill(1, 9)", DENIED),
        ("return os.getppid()", b"did 1\n"),
        ("return len(os.environ.get('HOME', ''))", b"did 12\n"),
    ],
)
async def test_p02_it_has_its_folder_and_nothing_else(
    data_dir: Path, deed: str, said: bytes
) -> None:
    ended = await ran(data_dir, TRIES.format(deed=deed))
    assert (ended.code, ended.unconfined) == (0, ())
    assert ended.said.replace(b"'output', 'input'", b"'input', 'output'") == said


@pytest.mark.parametrize("name", ["environ", "mem", "root/etc/passwd"])
async def test_p02_it_sees_nothing_of_the_daemon(data_dir: Path, name: str) -> None:
    ended = await ran(data_dir, TRIES.format(deed=f"open('/proc/{os.getpid()}/{name}')"))
    assert ended.said in {DENIED, UNSEEN}


@pytest.mark.parametrize(
    ("deed", "bounds"),
    [
        ("bytearray(10**9)", {"memory_bytes": 128 * 1024**2}),
        ("[open('/dev/null') for _ in range(100)]", {"open_files": 50}),
    ],
)
async def test_p01_it_takes_no_more_than_it_may(
    data_dir: Path, deed: str, bounds: dict[str, int]
) -> None:
    ended = await ran(data_dir, TRIES.format(deed=deed), **bounds)
    assert ended.said in {b"MemoryError\n", b"OSError\n"}


async def test_no_file_gets_larger_than_it_may(data_dir: Path) -> None:
    program = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    deed = "open('output/x', 'wb').write(bytes(10_000))"
    ended = await ran(data_dir, program + TRIES.format(deed=deed), file_bytes=5_000)
    assert ended.said == b"OSError\n"
    assert (data_dir / "ai_process/run/output/x").stat().st_size <= 5_000


async def test_with_a_network_it_reaches_others(data_dir: Path) -> None:
    deed = "socket.create_connection(('127.0.0.1', 9))"
    ended = await ran(data_dir, TRIES.format(deed=deed), network=True)
    assert ended.said == b"ConnectionRefusedError\n"


async def test_what_it_leaves_behind_ends_with_it(data_dir: Path) -> None:
    program = "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(600)\n"
    assert (await ran(data_dir, program)).code == 0


async def test_where_it_cannot_be_confined_it_is_not_run(data_dir: Path) -> None:
    hidden = data_dir / "gone"
    ended = await ran(data_dir, "print('ran')", hidden=str(hidden))
    assert (ended.code, ended.said) == (EXIT_CAGE, b"")
    [why] = ended.unconfined
    assert why == "mounts: No such file or directory"
    ended = await ran(data_dir, "print('ran')", hidden=str(hidden), must_be_confined=False)
    assert (ended.code, ended.said, ended.unconfined) == (0, b"ran\n", (why,))


def test_it_is_told_all_of_it() -> None:
    cage = Cage(["/bin/true"], "/a", "/b", ["/c"], 1, 2, 3, 4, network=True)
    assert Cage(**json.loads(cage.argument())) == cage
