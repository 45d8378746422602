"""What a vendor does with a plugin: begins with a template, builds a wheel, installs it elsewhere.

The other environment has the third-party packages of this one by a path file; the plugin itself is
installed by pip. pacsd is the one that is tested, wherever it is imported from.
"""

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pacsd_store_fs

import pacsd
from pacsd.app.plugins.new_plugin import kinds

KINDS = kinds()
WITHIN_S = 120.0
"""Only how long a broken step is waited for."""

_OFFLINE = ("--no-index", "--no-deps", "--disable-pip-version-check", "--quiet")


@dataclass(frozen=True, slots=True)
class Vendor:
    """A plugin of a kind in `folder`, installed where `python` is."""

    kind: str
    name: str
    folder: Path
    python: Path

    @property
    def configuration(self) -> str:
        """The example configuration that the template has."""
        return (self.folder / "conf.toml").read_text(encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run the other environment's Python in the plugin's folder: what it printed."""
        return run(str(self.python), *arguments, folder=self.folder, code=code)

    def listed(self) -> dict[str, object]:
        """The plugin, as `pacsd plugins list` has it."""
        answer = json.loads(self.run("-m", "pacsd", "plugins", "list", "--json"))
        [found] = [each for each in answer if each["name"] == self.name]
        assert isinstance(found, dict)
        return found


def run(*command: str, folder: Path, code: int = 0) -> str:
    """Run a command to its end, which has to be this one: what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    """Ours, with the pacsd that is tested before one that is installed."""
    tested = [str(Path(str(module.__file__)).parents[1]) for module in (pacsd, pacsd_store_fs)]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PACSD_")}
    return ours | {"PYTHONPATH": os.pathsep.join(tested), "PACSD_STORE__UNSAFE_TMPFS": "true"}


def make(kind: str, folder: Path) -> Vendor:
    """Begin with the template of a kind, build its wheel and install that."""
    name = f"acme_{kind}"
    new = ["-m", "pacsd", "plugins", "new", name, "--kind", kind, "--into", "."]
    run(sys.executable, *new, folder=folder)
    plugin = folder / f"pacsd-acme-{kind}"
    pip = [sys.executable, "-m", "pip"]
    run(*pip, "wheel", "--no-build-isolation", *_OFFLINE, "-w", "dist", ".", folder=plugin)
    [wheel] = (plugin / "dist").glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", "other", folder=folder)
    python = folder / "other/bin/python"
    packages = sysconfig.get_path("purelib", vars={"base": str(folder / "other")})
    shared = f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n"
    (Path(packages) / "third_party.pth").write_text(shared, encoding="utf-8")
    run(*pip, "--python", str(python), "install", *_OFFLINE, str(wheel), folder=plugin)
    return Vendor(kind, name, plugin, python)
