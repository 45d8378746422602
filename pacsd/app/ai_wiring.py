"""Inference put together: which models are asked, and what they may look at."""

from pacsd.app.opening import Archive
from pacsd.app.plugins.ai_work import models_of
from pacsd.app.route_wiring import event_subjects
from pacsd.app.run_log import RunLog
from pacsd.archive.ai_inputs import AiInputs
from pacsd.jobs.inference import Inference


def inference_of(archive: Archive) -> Inference:
    """What gives models their work."""
    index = archive.index
    models = models_of(archive.hooks, RunLog(archive.tally))
    return Inference(index, event_subjects(archive), AiInputs(index), models)
