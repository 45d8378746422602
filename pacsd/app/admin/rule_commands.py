"""The commands of the admin socket about rules: where something would go, and why.

Values of patients are in the answers, and never in a log.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace

import orjson

from pacsd.api.errors import HookError
from pacsd.api.events import EventKind
from pacsd.api.host import HostError
from pacsd.api.routing import ROUTED, Route
from pacsd.app.admin.arguments import Arguments, text, whole_number
from pacsd.app.admin.rule_records import Explained, RulesChecked, RulesPlugin, TrialAnswer
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.archive.finding import FindError
from pacsd.archive.made_subjects import Arrival, made_subject
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.index.errors import IndexFault
from pacsd.jobs.route_trials import RouteTrials, RulesUnusable, Tried

_MODALITIES_IN_STUDY: Tag = 0x00080061

MAX_EXPLAINED = 2_000
"""Series and instances of one study that are asked about; of more that is said."""


class RuleCommands:
    """The commands, over whoever tries routes; `plugins` have rules: whether they explain them.

    `missing` says what routes name that nobody has.
    """

    def __init__(
        self,
        trials: RouteTrials,
        missing: Callable[[Sequence[Route]], Awaitable[Sequence[str]]],
        plugins: Callable[[], Mapping[str, bool]],
        now_us: Callable[[], int],
    ) -> None:
        self._trials = trials
        self._missing = missing
        self._plugins = plugins
        self._now_us = now_us

    def by_name(self) -> dict[str, Command]:
        """All of them."""
        return {
            "rules.plugins": self._list,
            "rules.kinds": self._kinds,
            "rules.check": self._check,
            "rules.explain": self._explain,
            "rules.test": self._test,
        }

    def _list(self, _: Arguments) -> list[RulesPlugin]:
        return [RulesPlugin(name, explains) for name, explains in self._plugins().items()]

    async def _kinds(self, arguments: Arguments) -> list[str]:
        """The kinds of events that rules look at."""
        with told():
            found = await self._trials.check(plugin_in(arguments), rules_in(arguments))
        return [str(kind) for kind in found.kinds]

    async def _check(self, arguments: Arguments) -> RulesChecked:
        """What rules look at, and whether somebody has what they lead to."""
        with told():
            found = await self._trials.check(plugin_in(arguments), rules_in(arguments))
        targets = dict.fromkeys(route.target for route in found.routes)
        missing = await self._missing(found.routes)
        return RulesChecked(tuple(map(str, found.kinds)), tuple(targets), tuple(missing))

    async def _explain(self, arguments: Arguments) -> Explained:
        """A study, its series and instances; of instances those that rules tell apart."""
        study = text(arguments, "study", "")
        if not is_acceptable_uid(study):
            raise AdminError(f"study: {printable(study, 64)} is no UID")
        asked = plugin_in(arguments), study, rules_in(arguments)
        answers: dict[object, TrialAnswer] = {}
        count = 0
        with told():
            async with aclosing(self._trials.of_study(*asked)) as found:
                async for tried in found:
                    if count == MAX_EXPLAINED:
                        return Explained(tuple(answers.values()), is_whole=False)
                    _add(answers, tried)
                    count += 1
        if not answers:
            raise AdminError(f"study {study}: is not here, or no rule looks at what it has")
        return Explained(tuple(answers.values()), is_whole=True)

    async def _test(self, arguments: Arguments) -> TrialAnswer:
        """An object that is not in the archive, by its header."""
        header = _header_in(arguments)
        arrival = _arrival_in(arguments, self._now_us())
        subject = made_subject(header, arrival)
        with told():
            trial = await self._trials.of_subject(
                plugin_in(arguments), subject, rules_in(arguments)
            )
        return _answer(Tried(subject, trial))


def plugin_in(arguments: Arguments) -> str:
    """The plugin whose rules are meant; raises AdminError."""
    return text(arguments, "plugin", "")


def rules_in(arguments: Arguments) -> str | None:
    """The text of other rules, if there is one; raises AdminError."""
    return None if arguments.get("rules") is None else text(arguments, "rules", "")


@contextmanager
def told() -> Iterator[None]:
    """Tell whoever asked what could not be asked, or why rules cannot be used."""
    try:
        yield
    except (FindError, HookError, HostError, IndexFault, RulesUnusable) as error:
        raise AdminError(str(error)) from None


def _answer(tried: Tried) -> TrialAnswer:
    event = tried.subject.event
    uids = event.sop_instance_uid, event.series_instance_uid, event.study_instance_uid
    return TrialAnswer.of(str(event.kind), next(filter(None, uids), ""), tried.trial)


def _add(answers: dict[object, TrialAnswer], tried: Tried) -> None:
    """Instances of a series of which rules say the same are one answer."""
    answer, event = _answer(tried), tried.subject.event
    if event.kind is not EventKind.INSTANCE_STORED:
        answers[event] = answer
        return
    said = event.series_instance_uid, answer.routes, answer.verdicts
    before = answers.get(said)
    answers[said] = answer if before is None else replace(before, alike=before.alike + 1)


def _header_in(arguments: Arguments) -> Mapping[str, object]:
    try:
        header = orjson.loads(text(arguments, "header", ""))
    except orjson.JSONDecodeError as error:
        raise AdminError(f"header: is no JSON: {error}") from None
    if not isinstance(header, dict):
        raise AdminError("header: is no data set of the DICOM JSON Model")
    return header


def _arrival_in(arguments: Arguments, now_us: int) -> Arrival:
    kind = text(arguments, "kind", "")
    if kind not in ROUTED:
        raise AdminError(f"kind: {printable(kind, 32)} is none of a subject's")
    return Arrival(
        EventKind(kind),
        text(arguments, "calling_ae", ""),
        text(arguments, "called_ae", ""),
        whole_number(arguments, "at_us", now_us),
        whole_number(arguments, "size_bytes", 0),
        tuple(filter(None, text(arguments, "labels", "").split(","))),
        {_MODALITIES_IN_STUDY: text(arguments, "modalities", "")},
    )
