"""result.json: what a program says that it found."""

import os
import stat
from pathlib import Path

import orjson
from pydantic import Field, ValidationError

from pacsd.api.ai import MAX_SUMMARY_LENGTH, AiFindings
from pacsd.api.settings import Settings

MAX_RESULT_BYTES = 24 * 1024
"""With the folder beside it, it has to fit into what is kept of findings."""


class BadResult(ValueError):
    """A result that cannot be used; the text names the key and the rule, never a value."""


class Result(Settings):
    """What stands in it; other keys are errors, so that none is misspelt unseen."""

    summary: str = Field(max_length=MAX_SUMMARY_LENGTH)
    """For whoever runs pacsd, without a patient's values."""

    findings: dict[str, object] = Field(default_factory=dict)
    """For whoever writes results of it."""


def _read(path: Path) -> bytes:
    """What a file begins with; the program made it: it may be a link to anything, or a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadResult("result.json: is no file")
        return file.read(MAX_RESULT_BYTES + 1)


def read_result(path: Path, output: Path) -> AiFindings | None:
    """The findings of a run, None where there is no result, or it is null.

    Their payload is JSON: `findings` as the program wrote them, and the folder `output`.

    Raises:
        BadResult: it is none.
        OSError: it cannot be read.
    """
    try:
        text = _read(path)
    except FileNotFoundError:
        return None
    if len(text) > MAX_RESULT_BYTES:
        raise BadResult(f"result.json: has more than {MAX_RESULT_BYTES} bytes")
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadResult(f"result.json: is no JSON: {error}") from None
    if found is None:
        return None
    try:
        result = Result.model_validate(found)
    except ValidationError as error:
        told = (
            f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)
        )
        raise BadResult(f"result.json: {'; '.join(told)}") from None
    kept = {"findings": result.findings, "output": str(output)}
    return AiFindings(result.summary, orjson.dumps(kept).decode())
