"""Hooks about AI: what a model finds in a quiet study, what runs it, and what is written."""

from pacsd.api.ai import AiFindings, AiInput, AiResults, Prefetch, RunModel
from pacsd.api.ai_runner import AiRunner
from pacsd.api.event_subject import EventSubject
from pacsd.api.hook_facts import Kind, Policy, specification


@specification(Kind.COLLECT, Policy.AGAIN, deadline_s=60, since="0.1", answers=(Prefetch,))
def pacsd_prefetch(subject: EventSubject) -> Prefetch | None:
    """Say what a model wants to see beside a study.

    Asked of the plugins that implement `pacsd_infer`, each by itself, before every attempt at that;
    who fails is asked again as it says. What is wished for is looked for in this archive only.

    Args:
        subject: the study that is quiet.

    Returns:
        The wishes, and studies by their UIDs; None for the study alone.
    """


@specification(
    Kind.COLLECT, Policy.AGAIN, deadline_s=600, since="0.1", answers=(AiFindings, RunModel)
)
def pacsd_infer(subject: EventSubject, inputs: tuple[AiInput, ...]) -> AiFindings | RunModel | None:
    """Have a model look at a study.

    Asked once a study is quiet, each plugin by itself, as a durable job in its own queue
    (`infer:PLUGIN`), one study at a time unless `jobs.max_running_per_queue` says more. Whoever
    raises or is late is asked again later, with longer and longer waits in between, ten times in
    all; then the job is left among the dead letters. Nobody is asked when all that has come since
    the study was quiet before was added by plugins that implement this hook, so that no model looks
    at results for ever. The instances are had by `host.instances`.

    Args:
        subject: the study that is quiet. Its `event.event_id` is the same at each attempt.
        inputs: its series, but for those that this plugin has added, then those wished for.

    Returns:
        The findings; RunModel to have a runner find them (`pacsd_ai_runner`); None when there is
        nothing to be told or written.
    """


@specification(Kind.PROVIDER, Policy.CLOSED, deadline_s=30, since="0.1", answers=(object,))
def pacsd_ai_runner(name: str) -> AiRunner | None:
    """Give what runs models: a process, an inference server.

    Asked for each name once, when a plugin has answered `pacsd_infer` with RunModel for the first
    time. The runner is then called as part of that durable job, as many times at once as its
    `max_at_once` says, whichever plugins the models are of; for what finds no place in seconds its
    plugin is asked anew, by and by. What it finds goes to `pacsd_persist` of the plugin that wanted
    it. A run that fails or is late is made again as `pacsd_infer` says, and so is the work for a
    name that two plugins answer for, or one that fails; work for a name that nobody answers for is
    a dead letter. Each run counts as a call of this hook: `pacsd plugins trace` names the model.
    When a reload exchanges or stops the runner's plugin, a run in progress is cancelled; once it
    has ended, the plugin is shut down. Its job begins again at once, with the runner there is then,
    and that counts as no attempt.

    Args:
        name: the runner, as RunModel names it.

    Returns:
        A runner that is ready to be used until the plugin is shut down; None when the name is
        another's.
    """


@specification(Kind.COLLECT, Policy.AGAIN, deadline_s=600, since="0.1", answers=(AiResults,))
def pacsd_persist(subject: EventSubject, findings: AiFindings) -> AiResults | None:
    """Write what was found as objects, by `host.instances.add`.

    Asked of the plugin that answered `pacsd_infer` with findings, as a durable job of its own: they
    are kept, and nothing is inferred again when this fails. It is asked again as `pacsd_infer` is.
    So give an object the same SOP Instance UID and the same content at each attempt, made of the
    `event_id` for instance: what is here already is not taken in again. An answer that names what
    is not in the archive counts as a failure.

    Args:
        subject: the study that the findings are about.
        findings: what `pacsd_infer` answered.

    Returns:
        The objects that were written; None for none.
    """
