"""Presentation contexts for what is to be stored: what to propose, and which accepted one to take.

Each Transfer Syntax in which objects are stored has a context of its own, so that the peer cannot
choose another where it takes this one. Beside these, a SOP class with objects in a native encoding
has one context with all other native ones: PS3.5 section 10.1 wants Implicit VR Little Endian
offered with every class, and objects can be re-encoded into any of them. Encapsulated objects
cannot, so a class of which there are no others has no such context (the exception of section 10.1).
Where there are codecs, what they can make of the objects of a class is one context more, or several
where they can make different things of those stored in different ways.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import transfer_syntax, uid_name
from pacsd.net.errors import NotAccepted
from pacsd.net.transcoding import NO_WAYS, Ways
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import ProposedContext

MAX_CONTEXTS = 128
"""Presentation context IDs are the odd numbers from 1 to 255 (PS3.8 section 9.3.2.2)."""

_NATIVE = frozenset(REENCODABLE)


class StoredAs(NamedTuple):
    """The SOP class of an object and the Transfer Syntax it is stored in."""

    sop_class_uid: str
    transfer_syntax_uid: str


def plan(first: StoredAs, others: Iterable[StoredAs], ways: Ways = NO_WAYS) -> frozenset[StoredAs]:
    """What one association can be asked to take: `first`, and of the others those that fit."""
    syntaxes: dict[str, set[str]] = {first.sop_class_uid: {first.transfer_syntax_uid}}
    planned = {first}
    count = _count(syntaxes[first.sop_class_uid], ways)
    for each in others:
        if count >= MAX_CONTEXTS:
            break
        known = syntaxes.get(each.sop_class_uid, set())
        grown = known | {each.transfer_syntax_uid}
        more = _count(grown, ways) - _count(known, ways)
        if count + more <= MAX_CONTEXTS:
            syntaxes[each.sop_class_uid] = grown
            planned.add(each)
            count += more
    return frozenset(planned)


def propose(planned: Iterable[StoredAs], ways: Ways = NO_WAYS) -> tuple[ProposedContext, ...]:
    """The presentation contexts of an A-ASSOCIATE-RQ for these objects."""
    return tuple(
        ProposedContext(2 * index + 1, sop_class_uid, syntaxes)
        for index, (sop_class_uid, syntaxes) in enumerate(_contexts(planned, ways))
    )


def choose(
    accepted: Iterable[PresentationContext], stored: StoredAs, ways: Ways = NO_WAYS
) -> PresentationContext:
    """The context to send an object over: as it is stored, else re-encoded, else transcoded.

    `accepted` are those whose SOP classes we are SCU of.

    Raises:
        NotAccepted: there is none; the text says what the peer does accept.
    """
    by_syntax = {
        context.transfer_syntax: context
        for context in accepted
        if context.abstract_syntax == stored.sop_class_uid
    }
    wanted = [stored.transfer_syntax_uid]
    if stored.transfer_syntax_uid in REENCODABLE:
        wanted += REENCODABLE
    wanted += ways.of(stored.transfer_syntax_uid)
    for uid in wanted:
        if uid in by_syntax:
            return by_syntax[uid]
    raise NotAccepted(_refusal(stored, by_syntax, ways))


def _contexts(planned: Iterable[StoredAs], ways: Ways) -> list[tuple[str, tuple[str, ...]]]:
    syntaxes: dict[str, list[str]] = {}
    for sop_class_uid, transfer_syntax_uid in sorted(planned):
        syntaxes.setdefault(sop_class_uid, []).append(transfer_syntax_uid)
    contexts: list[tuple[str, tuple[str, ...]]] = []
    for sop_class_uid, stored in syntaxes.items():
        contexts += [(sop_class_uid, (uid,)) for uid in stored]
        contexts += [(sop_class_uid, others) for others in _other_encodings(stored, ways)]
    return contexts


def _other_encodings(stored: Collection[str], ways: Ways) -> list[tuple[str, ...]]:
    """The encodings in which nothing is stored, but could be had; those that go together, each.

    The peer chooses one of each tuple, so all that it is for can be had in any of them.
    """
    native = () if _NATIVE.isdisjoint(stored) else REENCODABLE
    groups = [native, *(ways.of(uid) for uid in sorted(stored))]
    others = (tuple(uid for uid in group if uid not in stored) for group in groups)
    return [*dict.fromkeys(filter(None, others))]


def _count(stored: Collection[str], ways: Ways) -> int:
    return len(stored) + len(_other_encodings(stored, ways))


def _refusal(stored: StoredAs, accepted: Iterable[str], ways: Ways) -> str:
    what = f"{uid_name(stored.sop_class_uid)} in {uid_name(stored.transfer_syntax_uid)}"
    syntax = transfer_syntax(stored.transfer_syntax_uid)
    is_fixed = syntax is None or syntax.is_encapsulated
    why = ", which cannot be re-encoded" if is_fixed else ", nor re-encoded"
    if ways.of(stored.transfer_syntax_uid):
        why = ", nor in anything that can be made of it"
    taken = ", ".join(uid_name(uid) for uid in accepted)
    only = f"; it accepts {taken}" if taken else ""
    return f"the peer does not accept {what}{why}{only}"
