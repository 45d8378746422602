"""RouteRules: life cycle of the rules, and the hooks by which pacsd asks for them."""

from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread

from pacsd.api.event_subject import EventSubject
from pacsd.api.health import Health
from pacsd.api.hooks import hookimpl
from pacsd.api.local_zone import LocalZone
from pacsd.api.plugin import Plugin
from pacsd.api.routing import HeaderWanted, Route, RouteTrial, RulesRefused
from pacsd_route_rules.rule_file import RuleFileError
from pacsd_route_rules.rule_set import RuleSet, read_rules
from pacsd_route_rules.settings import RouteRulesSettings


class RouteRules(Plugin[RouteRulesSettings]):
    """Asks the rules of a file where something goes."""

    settings_class = RouteRulesSettings
    _rules: RuleSet | None = None
    _refused = ""
    _tried: tuple[str, RuleSet] | None = None

    def check(self) -> Sequence[str]:
        """What is wrong with the rule file."""
        try:
            self._read()
        except RuleFileError as error:
            return (str(error),)
        return ()

    async def startup(self) -> None:
        """Read the rules."""
        self._rules = await anyio.to_thread.run_sync(self._read)
        self.host.logger.info("rules read", rules=len(self._rules.rules))

    @hookimpl
    async def pacsd_config_changed(self) -> None:
        """Read the rules again; those of a file with an error are not taken."""
        self._refused = await anyio.to_thread.run_sync(self._read_again)
        if self._refused:
            self.host.logger.error("the rules in force stay", why=self._refused)
        else:
            self.host.logger.info("rules read", rules=len(self._in_force().rules))

    @hookimpl
    async def pacsd_health(self) -> Health | None:
        """Whether the rules in force are those of the file."""
        return Health(is_well=False, explanation=self._refused) if self._refused else None

    @hookimpl
    async def pacsd_route(self, subject: EventSubject) -> tuple[Route, ...] | HeaderWanted:
        """What the rules in force say."""
        return self._in_force().routes(subject)

    @hookimpl
    async def pacsd_route_trial(
        self, subject: EventSubject | None, rules: str | None
    ) -> RouteTrial | HeaderWanted | RulesRefused:
        """What they would say, or those of another rule file."""
        try:
            tried = self._in_force() if rules is None else self._read_for_trial(rules)
        except RuleFileError as error:
            return RulesRefused(str(error))
        return tried.overview() if subject is None else tried.trial(subject)

    def _in_force(self) -> RuleSet:
        if self._rules is None:
            raise RuntimeError("asked before startup")
        return self._rules

    def _read_for_trial(self, text: str) -> RuleSet:
        """The rules of a text; the last one is remembered: it is tried with one after the other."""
        if self._tried is None or self._tried[0] != text:
            self._tried = (text, read_rules(text, LocalZone()))
        return self._tried[1]

    def _read_again(self) -> str:
        """Take the rules of the file, or say why not."""
        try:
            self._rules = self._read()
        except RuleFileError as error:
            return str(error)
        return ""

    def _read(self) -> RuleSet:
        path = self._path()
        try:
            return read_rules(path.read_text(encoding="utf-8"), LocalZone())
        except UnicodeDecodeError:
            raise RuleFileError(f"file {path}: is not UTF-8") from None
        except (OSError, RuleFileError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise RuleFileError(f"file {path}: {why}") from None

    def _path(self) -> Path:
        return self.host.data_dir / self.settings.file
