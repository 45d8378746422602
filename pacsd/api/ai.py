"""Records of the hooks about AI: what a model wants to see, is given, has found and has written."""

from dataclasses import dataclass

MAX_WISHES = 20
MAX_PRIOR_STUDIES = 20
"""Of one wish."""
MAX_INPUTS = 1_000
"""Series of one work."""
MAX_SUMMARY_LENGTH = 500
MAX_PAYLOAD_BYTES = 32 * 1024
MAX_NAME_BYTES = 200
"""Of a runner, a model or a version."""
MAX_PARAMETERS_BYTES = 32 * 1024
MAX_RUN_S = 6 * 3_600.0
"""The longest that one run may take."""


@dataclass(frozen=True, slots=True)
class PriorWish:
    """Series of other studies of the same patient, of the newest `studies` that have such.

    '' is any modality or body part. `max_age_days` is how much older than this one a study may be,
    by Study Date.
    """

    modality: str = ""
    body_part: str = ""
    max_age_days: int = 3_650
    studies: int = 1

    def __post_init__(self) -> None:
        """See that there is an end to it.

        Raises:
            ValueError: it wants too many studies, or none, or those of the future.
        """
        if not 0 < self.studies <= MAX_PRIOR_STUDIES:
            raise ValueError(f"studies {self.studies}: must be 1 to {MAX_PRIOR_STUDIES}")
        if not 0 <= self.max_age_days <= 100_000:  # noqa: PLR2004 - longer than anybody lives
            raise ValueError(f"max_age_days {self.max_age_days}: must be 0 to 100000")


@dataclass(frozen=True, slots=True)
class Prefetch:
    """What a model wants to see beside the study: by a wish, or studies by their UIDs."""

    wishes: tuple[PriorWish, ...] = ()
    study_instance_uids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """See that there is an end to it.

        Raises:
            ValueError: there are too many wishes or studies.
        """
        if len(self.wishes) > MAX_WISHES or len(self.study_instance_uids) > MAX_PRIOR_STUDIES:
            said = f"{len(self.wishes)} wishes and {len(self.study_instance_uids)} studies"
            raise ValueError(f"{said}: at most {MAX_WISHES} and {MAX_PRIOR_STUDIES}")


@dataclass(frozen=True, slots=True)
class AiInput:
    """A series that a model may look at; `is_prior`: of another study than the one it is about."""

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    body_part: str
    study_date: str
    is_prior: bool


@dataclass(frozen=True, slots=True)
class AiFindings:
    """What a model has found.

    `summary` is for whoever runs pacsd, without a patient's values. `payload` is text of the
    plugin's own, such as JSON, at most 32 KiB; longer things wait in files of the plugin.
    """

    summary: str
    payload: str = ""

    def __post_init__(self) -> None:
        """See that it can be kept.

        Raises:
            ValueError: it is too long.
        """
        if len(self.summary) > MAX_SUMMARY_LENGTH:
            rule = f"at most {MAX_SUMMARY_LENGTH} characters"
            raise ValueError(f"summary of {len(self.summary)}: {rule}")
        size = len(self.payload.encode(errors="surrogatepass"))
        if size > MAX_PAYLOAD_BYTES:
            raise ValueError(f"payload of {size} bytes: at most {MAX_PAYLOAD_BYTES}")


@dataclass(frozen=True, slots=True)
class AiResults:
    """The objects that a plugin has written of what a model found, by SOP Instance UID."""

    sop_instance_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunModel:
    """Instead of findings: have a runner run a model on the inputs, and take what that finds.

    `runner` is a name for which a plugin gives an `AiRunner`; `model`, `version` and `parameters`,
    a text such as JSON, are for that one to understand. A run that has taken longer than
    `deadline_s` is cancelled.
    """

    runner: str
    model: str
    version: str = ""
    parameters: str = ""
    deadline_s: float = 600.0

    def __post_init__(self) -> None:
        """See that it can be asked for.

        Raises:
            ValueError: a name is empty, too long or not printable, the parameters are too long, or
                the deadline is none.
        """
        for field, name in (("runner", self.runner), ("model", self.model)):
            _check_name(field, name, least=1)
        _check_name("version", self.version, least=0)
        size = len(self.parameters.encode(errors="surrogatepass"))
        if size > MAX_PARAMETERS_BYTES:
            raise ValueError(f"parameters of {size} bytes: at most {MAX_PARAMETERS_BYTES}")
        if not 0 < self.deadline_s <= MAX_RUN_S:
            rule = f"must be more than 0 and at most {MAX_RUN_S:g}"
            raise ValueError(f"deadline_s {self.deadline_s:g}: {rule}")


def _check_name(field: str, name: str, least: int) -> None:
    size = len(name.encode(errors="surrogatepass"))
    if not least <= size <= MAX_NAME_BYTES or not name.isprintable():
        rule = f"must be {least} to {MAX_NAME_BYTES} bytes of printable text"
        raise ValueError(f"{field} {name[:50]!a}: {rule}")
