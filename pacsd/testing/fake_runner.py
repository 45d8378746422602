"""FakeRunner: an AiRunner that finds what a test says, for tests of who has models run."""

import anyio

from pacsd.api.ai import AiFindings
from pacsd.api.ai_runner import AiWork
from pacsd.api.instances import Instances


class FakeRunner:
    """Reads the header of each instance of its inputs, and finds what it is given for the model.

    `findings` are by model; an exception among them is raised. `works` is what it was asked for. A
    run of a model among `endless` goes on until it is cancelled; `running` are those in progress.
    """

    def __init__(
        self,
        instances: Instances,
        findings: dict[str, AiFindings | Exception | None],
        *,
        max_at_once: int = 1,
    ) -> None:
        self.findings = findings
        self.max_at_once = max_at_once
        self.works: list[AiWork] = []
        self.running = 0
        self.endless: set[str] = set()
        self._instances = instances

    async def run(self, work: AiWork, /) -> AiFindings | None:
        """Find it."""
        self.works.append(work)
        if work.model not in self.findings:
            raise LookupError(f"there is no model {work.model}")
        self.running += 1
        try:
            await self._look(work)
            if work.model in self.endless:
                await anyio.sleep_forever()
        finally:
            self.running -= 1
        found = self.findings[work.model]
        if isinstance(found, Exception):
            raise found
        return found

    async def _look(self, work: AiWork) -> None:
        for given in work.inputs:
            series = given.study_instance_uid, given.series_instance_uid
            for facts in await self._instances.of_study(*series):
                await self._instances.header(facts.sop_instance_uid)
