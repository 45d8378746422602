"""Coerce: life cycle of the coercions, and the hooks by which pacsd asks for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from pacsd.api.audit import AuditNote
from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.health import Health
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.receiving import MAX_REASON_LENGTH, Coerce, Hold, ReceivedInstance
from pacsd.dicom.text import printable
from pacsd_coerce.coercions import Coercions, read_coercions
from pacsd_coerce.errors import CoercionFileError, NotCoerced
from pacsd_coerce.in_rules import coerced
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.pseudonym_map import PseudonymMap
from pacsd_coerce.secret import read_key
from pacsd_coerce.settings import CoerceSettings
from pacsd_coerce.text_steps import name_of

REIDENTIFY = "reidentify"

_USAGE = f"{REIDENTIFY} takes one pseudonym"
_UNKNOWN_EXIT, _USAGE_EXIT = 1, 2


@dataclass(frozen=True, slots=True)
class _InForce:
    coercions: Coercions
    keyed: Keyed | None


class CoercePlugin(Plugin[CoerceSettings]):
    """Coerces by the coercions of a file: as objects come, and as they leave.

    It gives the port Coercion, an object: so it needs trusted = true.
    """

    settings_class = CoerceSettings
    _now: _InForce | None = None
    _refused = ""
    _map: PseudonymMap | None = None

    def check(self) -> Sequence[str]:
        """What is wrong with the coercion file, or the key."""
        try:
            self._read()
        except CoercionFileError as error:
            return (str(error),)
        return ()

    async def startup(self) -> None:
        """Read the coercions."""
        self._now = await anyio.to_thread.run_sync(self._read)
        self._map = PseudonymMap(self.host.values)
        self._tell_read()

    @hookimpl
    async def pacsd_config_changed(self) -> None:
        """Read them again; those of a file with an error are not taken."""
        self._refused = await anyio.to_thread.run_sync(self._read_again)
        if self._refused:
            self.host.logger.error("the coercions in force stay", why=self._refused)
        else:
            self._tell_read()

    @hookimpl
    async def pacsd_health(self) -> Health | None:
        """Whether the coercions in force are those of the file."""
        return Health(is_well=False, explanation=self._refused) if self._refused else None

    @hookimpl
    async def pacsd_instance_received(self, instance: ReceivedInstance) -> Coerce | Hold | None:
        """What lies over an instance from now on; one that cannot be coerced waits for somebody."""
        try:
            changes, by = coerced(self.in_force().coercions.on_the_way_in, instance)
        except NotCoerced as error:
            return Hold(f"cannot be coerced: {error}"[:MAX_REASON_LENGTH])
        if not changes:
            return None
        return Coerce({name_of(tag): value for tag, value in changes.items()}, f"rule {by}"[:1000])

    @hookimpl
    async def pacsd_coercion(self, name: str) -> "NamedCoercion | None":
        """The coercion of a name, as it will be whenever it is used."""
        return NamedCoercion(self, name) if name in self.in_force().coercions.whole else None

    @hookimpl
    async def pacsd_commands(self) -> tuple[PluginCommand, ...]:
        """To find out who a pseudonym is."""
        return (PluginCommand(REIDENTIFY, "Whom a pseudonym stands for; the audit trail is told"),)

    @hookimpl
    async def pacsd_command(self, name: str, arguments: tuple[str, ...]) -> CommandAnswer:
        """Look a pseudonym up; without a row in the audit trail nothing is told."""
        if name != REIDENTIFY or len(arguments) != 1:
            return CommandAnswer(_USAGE, _USAGE_EXIT)
        pseudonym = arguments[0]
        found = await self.pseudonyms().find(pseudonym)
        outcome = "not known" if found is None else "told"
        detail = f"pseudonym {printable(pseudonym)}"
        await self.host.audit.append(AuditNote("re-identify", outcome, detail=detail))
        if found is None:
            return CommandAnswer(f"{printable(pseudonym)} stands for nobody here", _UNKNOWN_EXIT)
        issuer = f"\nIssuerOfPatientID={found.issuer}" if found.issuer else ""
        return CommandAnswer(f"PatientID={found.patient_id}{issuer}")

    def in_force(self) -> "_InForce":
        """The coercions and the key that are used now."""
        if self._now is None:
            raise RuntimeError("asked before startup")
        return self._now

    def pseudonyms(self) -> PseudonymMap:
        """Who stands for whom."""
        if self._map is None:
            raise RuntimeError("asked before startup")
        return self._map

    def _tell_read(self) -> None:
        coercions = self.in_force().coercions
        self.host.logger.info(
            "coercions read", coercions=len(coercions.whole), rules=len(coercions.on_the_way_in)
        )

    def _read_again(self) -> str:
        """Take the coercions of the file, or say why not."""
        try:
            self._now = self._read()
        except CoercionFileError as error:
            return str(error)
        return ""

    def _read(self) -> _InForce:
        path = self._path()
        try:
            coercions = read_coercions(path.read_text(encoding="utf-8"), path.parent)
        except UnicodeDecodeError:
            raise CoercionFileError(f"file {path}: is not UTF-8") from None
        except (OSError, CoercionFileError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise CoercionFileError(f"file {path}: {why}") from None
        keyed = read_key(self.settings, self.host.data_dir)
        if keyed is None and coercions.needs_key:
            why = f"coercion {coercions.needs_key[0]} needs a key"
            raise CoercionFileError(f"key_file: {why} (plugins.{self.host.name}.key_file)")
        return _InForce(coercions, keyed)

    def _path(self) -> Path:
        return self.host.data_dir / self.settings.file


class NamedCoercion:
    """The port Coercion. After a reload the same name is what the file says then."""

    def __init__(self, plugin: CoercePlugin, name: str) -> None:
        self._plugin = plugin
        self._name = name

    async def coerce(self, source: BinaryIO, target: BinaryIO, /) -> None:
        """Write the copy; its pseudonym is kept before it may leave.

        Raises:
            NotCoerced: it cannot be made.
            LookupError: the file has no such coercion any more.
        """
        now = self._plugin.in_force()
        whole = now.coercions.whole.get(self._name)
        if whole is None:
            raise LookupError(f"the coercion file has no {self._name} any more")
        work = partial(whole.coerce, source, target, now.keyed)
        patient = await anyio.to_thread.run_sync(work)
        if patient is not None and patient.patient_id:
            await self._plugin.pseudonyms().keep(patient)
