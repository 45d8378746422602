"""The program that a model's process is begun with: it gives up what the model need not have.

Run as a script of its own, with nothing but the standard library, since a model waits for it. What
it was told stands in its first argument, as JSON (`Cage`); it says in one line on the descriptor of
the second one what it could not give up, and then becomes the command.

    limits      memory, processor time, the size of a file, how many are open
    namespaces  no network, no other processes: what it begins ends with it; of the data directory
                only the run's own folder, the inputs read-only (user_namespaces(7))
    Landlock    files are written in the run's folder alone, none is read that was not named, no
                port is reached (landlock(7))

Each goes as far as the system lets it. Out: never anything but the command, or exit code 125.
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

EXIT_CAGE = 125
"""The cage itself failed; nothing of the command has run."""
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys", "/dev")
"""What any program may have to read."""
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - it has one of its own
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", SHARED_MEMORY)
"""What it may write to."""

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER = 1 << 17, 1 << 27, 1 << 28
_CLONE_NEWPID, _CLONE_NEWNET = 1 << 29, 1 << 30
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 1, 2, 4, 32
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_RULE_PATH_BENEATH = 1
_EXECUTE, _READ_FILE, _READ_DIR = 1, 4, 8
_READS = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_ONLY = 1 | 2 | 4 | 1 << 14 | 1 << 15
_FILE_RIGHTS = ((1, 1 << 13), (2, 1 << 14), (3, 1 << 15), (5, 1 << 16))
"""By the version of Landlock that has it, the first right that it has not."""
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_BIND_AND_CONNECT, _SOCKETS_AND_SIGNALS = 3, 3


@dataclass(frozen=True)
class Cage:
    """What a command may have. `folder` is the run's own, with `input` and writable ones within.

    `hidden` is a directory of which nothing else is to be seen. 0 is no limit.
    """

    command: list[str]
    folder: str
    hidden: str
    readable: list[str] = field(default_factory=list)
    memory_bytes: int = 0
    cpu_s: int = 0
    file_bytes: int = 0
    open_files: int = 1024
    network: bool = False
    must_be_confined: bool = True

    def argument(self) -> str:
        """It as the argument of this program."""
        return json.dumps(asdict(self))


def enter(cage: Cage, says: int) -> list[str]:
    """Give up what need not be had; what could not be given up, in words.

    Raises:
        OSError: the limits cannot be set: nobody should run without them.
    """
    _die_with_parent()
    missing = [*_tried("namespaces", lambda: _leave_namespaces(cage))]
    if not missing:
        _begin_family(says)
        missing += _tried("mounts", lambda: _see_own_folder(cage))
    _set_limits(cage)
    _libc("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    missing += _tried("Landlock", lambda: _enter_landlock(cage))
    return missing


def _tried(what: str, give_up: Callable[[], None]) -> Iterator[str]:
    try:
        give_up()
    except OSError as error:
        yield f"{what}: {error.strerror or error}"


def _die_with_parent() -> None:
    _libc("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _begin_family(says: int) -> None:
    """Go on as a child of the first process of our namespace: all others end with that one."""
    for _ in range(2):
        child = os.fork()
        if child:
            os.close(says)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is for the command to heed
            sys.exit(_wait_for(child))
        _die_with_parent()


def _wait_for(child: int) -> int:
    """The exit code of the child; orphans that come to us meanwhile are buried."""
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _set_limits(cage: Cage) -> None:
    for what, most in (
        (resource.RLIMIT_DATA, cage.memory_bytes),
        (resource.RLIMIT_CPU, cage.cpu_s),
        (resource.RLIMIT_FSIZE, cage.file_bytes),
        (resource.RLIMIT_NOFILE, cage.open_files),
    ):
        if most:
            _, hard = resource.getrlimit(what)
            limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _leave_namespaces(cage: Cage) -> None:
    """Be alone: in a user namespace of its own, which is what allows the others."""
    user, group = os.geteuid(), os.getegid()
    wanted = _CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWIPC | _CLONE_NEWPID
    _libc("unshare", wanted if cage.network else wanted | _CLONE_NEWNET)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path("/proc/self", name).write_text(line, encoding="ascii")


def _see_own_folder(cage: Cage) -> None:
    """See of what is hidden the run's own folder alone, and its inputs as they are."""
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("none", SHARED_MEMORY, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777")
    own = os.open(cage.folder, os.O_PATH | os.O_DIRECTORY)
    _mount("none", cage.hidden, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=0700")
    Path(cage.folder).mkdir(parents=True)
    _mount(f"/proc/self/fd/{own}", cage.folder, None, _MS_BIND)
    os.close(own)
    inputs = str(Path(cage.folder, "input"))
    _mount(inputs, inputs, None, _MS_BIND)
    _mount(None, inputs, None, _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    _mount(None, cage.hidden, None, _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _enter_landlock(cage: Cage) -> None:
    version = _syscall(_LANDLOCK_CREATE, None, 0, 1)
    rights = next((right for last, right in _FILE_RIGHTS if version < last + 1), 1 << 16) - 1
    ports = _BIND_AND_CONNECT if version >= _NETWORK_SINCE and not cage.network else 0
    scopes = _SOCKETS_AND_SIGNALS if version >= _SCOPES_SINCE else 0
    size = 8 if version < _NETWORK_SINCE else 16 if version < _SCOPES_SINCE else 24
    attributes = struct.pack("=QQQ", rights, ports, scopes)[:size]
    ruleset = _syscall(_LANDLOCK_CREATE, attributes, size, 0)
    named = [*SYSTEM, sys.prefix, sys.base_prefix, *cage.readable]
    for path in named:
        _allow(ruleset, path, _READS)
    _allow(ruleset, cage.folder, _READS)
    for name in ("output", "scratch"):
        _allow(ruleset, str(Path(cage.folder, name)), rights)
    for path in DEVICES:
        _allow(ruleset, path, rights & ~_EXECUTE)
    _syscall(_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Allow something beneath a path; where there is none there is nothing to be allowed."""
    try:
        beneath = os.open(path, os.O_PATH)
    except FileNotFoundError:
        return
    if not Path(path).is_dir():
        rights &= _FILE_ONLY
    try:
        _syscall(_LANDLOCK_ADD, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, beneath), 0)
    finally:
        os.close(beneath)


_LIBC = ctypes.CDLL(None, use_errno=True)


def _libc(function: str, *arguments: object) -> int:
    result: int = getattr(_LIBC, function)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    longs = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _libc("syscall", ctypes.c_long(number), *longs)


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    names = [None if each is None else each.encode() for each in (source, target, kind)]
    data = None if options is None else options.encode()
    _libc("mount", *names, ctypes.c_ulong(flags), data)


def main(argument: str, says: int) -> None:
    """Become the command, in its cage."""
    try:
        cage = Cage(**json.loads(argument))
        missing = enter(cage, says)
        os.write(says, json.dumps(missing).encode() + b"\n")
        os.close(says)
        if missing and cage.must_be_confined:
            sys.exit(EXIT_CAGE)
        os.chdir(cage.folder)
        os.execv(cage.command[0], cage.command)  # noqa: S606 - there is no shell to be used
    except OSError as error:
        print(f"cage: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_CAGE)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
