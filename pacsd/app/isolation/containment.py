"""What a plugin may do wrong, and what each home makes of it.

The tests take from here what they expect, the guide for plugin authors its table.
"""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What becomes of the plugin and of whoever called it."""

    FAILS = "the call fails"
    CANCELLED = "the caller goes on at its deadline; the call is cancelled"
    LEFT_BEHIND = "the caller goes on at its deadline; the plugin's thread is left behind"
    RESTARTED = "the call fails; the process is killed and begun anew"
    ENDS_WITH_IT = "goes on until the process ends, and is killed with it"
    COUNTED = "100 lines a second go to the log, the others are counted"
    NOT_STARTED = "it does not start, and the daemon says so"
    LOGGED = "logged; everything else is shut down"
    NOT_CONTAINED = "**not contained**"


@dataclass(frozen=True, slots=True)
class Containment:
    """One misbehaviour, and its outcome in each home."""

    deed: str
    inline: Outcome
    thread: Outcome
    process: Outcome


def _everywhere(deed: str, outcome: Outcome) -> Containment:
    return Containment(deed, outcome, outcome, outcome)


def _in_a_process(deed: str, outcome: Outcome) -> Containment:
    return Containment(deed, Outcome.NOT_CONTAINED, Outcome.NOT_CONTAINED, outcome)


CONTAINMENT = {
    "raises": _everywhere("raises an exception", Outcome.FAILS),
    "exits": _everywhere("raises `SystemExit`", Outcome.FAILS),
    "cancels": _everywhere("raises `CancelledError`, though nobody cancelled", Outcome.FAILS),
    "wrong_type": _everywhere("returns another type, or a record with junk in it", Outcome.FAILS),
    "holds_itself": _everywhere("returns a value that holds itself", Outcome.FAILS),
    "not_a_number": _everywhere("returns NaN for a number", Outcome.FAILS),
    "huge_number": _everywhere("returns a whole number of more than 64 bits", Outcome.FAILS),
    "long_answer": _in_a_process("returns 10 MB", Outcome.FAILS),
    "never_answers": _everywhere("`async`: waits for ever", Outcome.CANCELLED),
    "never_returns": Containment(
        "a plain function never returns",
        Outcome.LEFT_BEHIND,
        Outcome.LEFT_BEHIND,
        Outcome.RESTARTED,
    ),
    "blocks_loop": Containment(
        "`async`: blocks its event loop",
        Outcome.NOT_CONTAINED,
        Outcome.LEFT_BEHIND,
        Outcome.RESTARTED,
    ),
    "holds_interpreter": _in_a_process("blocks in C, and all of Python with it", Outcome.RESTARTED),
    "ends_process": _in_a_process("calls `os._exit`", Outcome.RESTARTED),
    "crashes": _in_a_process("crashes in C", Outcome.RESTARTED),
    "stops_itself": _in_a_process("stops its process (SIGSTOP)", Outcome.RESTARTED),
    "eats_memory": _in_a_process("takes 10 GB of memory", Outcome.RESTARTED),
    "closes_descriptors": _in_a_process("closes every file descriptor", Outcome.RESTARTED),
    "forks": _in_a_process("begins processes that stay", Outcome.ENDS_WITH_IT),
    "prints": _in_a_process("prints megabytes", Outcome.COUNTED),
    "startup_waits": _everywhere("`startup` never ends", Outcome.NOT_STARTED),
    "startup_blocks": Containment(
        "`startup` blocks its event loop",
        Outcome.NOT_CONTAINED,
        Outcome.NOT_STARTED,
        Outcome.NOT_STARTED,
    ),
    "shutdown_raises": _everywhere("`shutdown` raises", Outcome.LOGGED),
    "shutdown_waits": _everywhere("`shutdown` never ends", Outcome.LOGGED),
}
