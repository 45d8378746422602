"""Stored studies tried by rules: where each would go by those in force, and by others.

Nothing is sent or kept.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing

from pacsd.api.errors import HookError
from pacsd.api.host import HostError
from pacsd.app.admin.arguments import Arguments, whole_number
from pacsd.app.admin.errands import ErrandError
from pacsd.app.admin.rule_commands import plugin_in, rules_in
from pacsd.app.admin.rule_records import ReplayReport, StudyRoutes, TargetCount
from pacsd.archive.finding import FindError
from pacsd.index.errors import IndexFault
from pacsd.index.recent_studies import RecentStudies
from pacsd.index.records import Scope
from pacsd.jobs.route_trials import RouteTrials, RulesUnusable

MAX_LISTED = 1_000
MAX_STUDIES = 1_000_000
_ALL = Scope()


class RuleReplay:
    """Goes through the studies that got something since some time, each once."""

    def __init__(self, arguments: Arguments, trials: RouteTrials, recent: RecentStudies) -> None:
        self._plugin = plugin_in(arguments)
        self._rules = rules_in(arguments)
        self._since_us = whole_number(arguments, "since_us")
        self._trials = trials
        self._recent = recent
        self._seen: set[str] = set()
        self._changed = 0
        self._in_force: Counter[str] = Counter()
        self._tried: Counter[str] = Counter()
        self._listed: list[StudyRoutes] = []

    async def run(self) -> None:
        """Try them all.

        Raises:
            ErrandError: the rules cannot be used, or what is stored cannot be told.
        """
        try:
            await self._run()
        except (FindError, HookError, HostError, IndexFault, RulesUnusable) as error:
            raise ErrandError(str(error)) from None

    def report(self) -> ReplayReport:
        """How far it is."""
        targets = sorted({*self._in_force, *self._tried})
        counts = (TargetCount(each, self._in_force[each], self._tried[each]) for each in targets)
        return ReplayReport(len(self._seen), self._changed, tuple(counts), tuple(self._listed))

    async def _run(self) -> None:
        await self._trials.check(self._plugin, self._rules)
        after: int | None = await self._recent.begin(_ALL, self._since_us)
        while after is not None and len(self._seen) < MAX_STUDIES:
            page = await self._recent.page(_ALL, after)
            for study in page.study_instance_uids:
                if study not in self._seen:
                    self._seen.add(study)
                    await self._try(study)
            after = page.after

    async def _try(self, study: str) -> None:
        in_force = await self._routes(study, None)
        tried = in_force if self._rules is None else await self._routes(study, self._rules)
        self._in_force.update(in_force.keys())
        self._tried.update(tried.keys())
        routes = StudyRoutes(study, dict(in_force), dict(tried))
        self._changed += routes.changes
        if (routes.changes or self._rules is None) and len(self._listed) < MAX_LISTED:
            self._listed.append(routes)

    async def _routes(self, study: str, rules: str | None) -> Mapping[str, str]:
        """Why something of a study goes where; the first reason counts."""
        found: dict[str, str] = {}
        async with aclosing(self._trials.of_study(self._plugin, study, rules)) as all_tried:
            async for tried in all_tried:
                for route in tried.trial.routes:
                    found.setdefault(route.target, route.reason)
        return found
