"""What a rule asks for, one thing each: whether a subject has it, or that nobody knows yet."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from pacsd.api.matching.known import Answer, Known
from pacsd.api.windows import Window
from pacsd.dicom.matching import matcher
from pacsd.dicom.query import Condition, tags_of
from pacsd.dicom.query_keys import name_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.wildcard import Pattern
from pacsd.dicom.written_conditions import Keys, written_conditions


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """Something that has to hold; `is_so` tells of a subject, `told` what the subject has there.

    Two that say the same of `what` are the same.
    """

    what: str
    is_so: Callable[[Known], Answer]
    told: Callable[[Known], str]

    def answer(self, known: Known) -> Answer:
        """Whether it holds; of one subject it is looked at once."""
        answer = known.answers.get(self)
        if answer is None:
            answer = known.answers[self] = self.is_so(known)
        return answer


def _answer(is_so: bool) -> Answer:
    return Answer.YES if is_so else Answer.NO


def ae_title(what: str, patterns: Sequence[str], title_of: Callable[[Known], str]) -> Criterion:
    """One of the patterns fits an AE title."""
    wanted = [Pattern(each) for each in patterns]
    return Criterion(
        f"{what} {_any_of(patterns)}",
        lambda known: _answer(any(each.matches(title_of(known)) for each in wanted)),
        lambda known: f"is {title_of(known)}",
    )


def labels(patterns: Sequence[str]) -> Criterion:
    """Each of the patterns fits a label of the study."""
    wanted = [Pattern(each) for each in patterns]

    def is_so(known: Known) -> Answer:
        has = known.subject.labels
        return _answer(all(any(map(each.matches, has)) for each in wanted))

    return Criterion(
        f"labels {', '.join(patterns)}",
        is_so,
        lambda known: f"are {', '.join(known.subject.labels) or 'none'}",
    )


def size(min_bytes: int, max_bytes: int | None) -> Criterion:
    """Its files are so large together."""
    most = float("inf") if max_bytes is None else max_bytes
    return Criterion(
        f"size {min_bytes} to {'any' if max_bytes is None else max_bytes} bytes",
        lambda known: _answer(min_bytes <= known.subject.size_bytes <= most),
        lambda known: f"is {known.subject.size_bytes}",
    )


def during(text: str, window: Window, zone: tzinfo) -> Criterion:
    """It happened at such a time."""
    return Criterion(
        f"during {text}",
        lambda known: _answer(window.is_open(known.at, zone)),
        lambda known: f"was {known.at.astimezone(zone):%a %H:%M}",
    )


def matching(keys: Keys) -> list[Criterion]:
    """Attributes match, one Criterion for each.

    Raises:
        ValueError: a key that cannot be matched; the text says which, and why not.
    """
    return [_matched(condition, written) for condition, written in written_conditions(keys)]


def not_matching(keys: Keys) -> Criterion:
    """The attributes do not match all together.

    Raises:
        ValueError: as of `matching`.
    """
    parts = matching(keys)

    def is_so(known: Known) -> Answer:
        answers = [each.answer(known) for each in parts]
        if Answer.NO in answers:
            return Answer.YES
        return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO

    return Criterion(
        f"unless {' and '.join(each.what for each in parts)}",
        is_so,
        lambda known: ", ".join(each.told(known) for each in parts),
    )


def _matched(condition: Condition, written: str) -> Criterion:
    holds, (tag,) = matcher([condition]), tags_of(condition)

    def is_so(known: Known) -> Answer:
        if known.has_header or known.texts(tag):
            return Answer.YES if holds(known) else Answer.NO
        return Answer.UNKNOWN

    return Criterion(written, is_so, lambda known: _told(known, tag))


def _told(known: Known, tag: Tag) -> str:
    items = sum(1 for _ in known.items(tag))
    value = f"has {items} items" if items else f"is {_any_of(known.texts(tag)) or 'empty'}"
    return f"{name_of(tag)} {value}"


def _any_of(texts: Iterable[str]) -> str:
    return " or ".join(texts)
