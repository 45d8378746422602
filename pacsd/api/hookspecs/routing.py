"""Hooks about routing: where what has come shall go, and what became of it."""

from pacsd.api.coercion import Coercion
from pacsd.api.event_subject import EventSubject
from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.route_target import Delivered, RouteTarget
from pacsd.api.routing import HeaderWanted, Route, RouteTrial, RulesRefused


@specification(
    Kind.COLLECT, Policy.AGAIN, deadline_s=60, since="0.1", answers=(tuple, HeaderWanted)
)
def pacsd_route(subject: EventSubject) -> tuple[Route, ...] | HeaderWanted | None:
    """Say where something shall go, and why.

    Asked of each instance that was stored and of each series and study that is quiet, from the
    change log as events are: what happened while the daemon was down is asked when it is back. Each
    plugin is asked by itself, and the routes of all are taken. Those of a study to a target by one
    rule are a durable delivery in the queue of the target, so that a target that is down fills no
    other queue; what is routed there once more is not sent twice. Whoever raises, is late or
    returns anything else is asked again later and holds up nothing; after the last attempt it is
    left among the dead letters. A target that nobody provides is waited for like one that is down:
    `pacsd deliveries` shows it. Who implements `pacsd_route_trial` is asked about the kinds of
    events alone that it names there.

    Args:
        subject: what it is, how it came, and what the index knows of it.

    Returns:
        A tuple of routes, at most 100; None or an empty one to leave it where it is. `HeaderWanted`
        where the attributes of the index do not tell: then this is asked again, with the header.
    """


@specification(
    Kind.COLLECT,
    Policy.CLOSED,
    deadline_s=30,
    since="0.1",
    answers=(RouteTrial, HeaderWanted, RulesRefused),
)
def pacsd_route_trial(
    subject: EventSubject | None, rules: str | None
) -> RouteTrial | HeaderWanted | RulesRefused | None:
    """Say where something would go, and what each rule says to that; nothing is sent.

    Asked by `pacsd rules`, for whoever wants to know why something went somewhere, or what other
    rules would do, of thousands of studies one after the other. Whoever has no other rules to try
    answers None; with its own rules `pacsd_route` is asked in its place.

    Args:
        subject: what would be routed; None asks whether the rules can be used, and where they may
            lead at all: `pacsd rules check` sees whether somebody has those targets.
        rules: the text of other rules; None for those in force.

    Returns:
        Where it would go; `HeaderWanted` as of `pacsd_route`; `RulesRefused` where the rules cannot
        be used, which whoever tries them is told.
    """


@specification(Kind.PROVIDER, Policy.CLOSED, deadline_s=30, since="0.1", answers=(object,))
def pacsd_route_target(name: str) -> RouteTarget | None:
    """Give a target that routes name.

    Asked for each name once, when the first delivery to it is made. Names that begin with `peer:`
    or `notify:` are not asked for: they are the peers of the peers file; nor those that begin with
    `web:`, which are servers of the configuration. Deliveries to a name that two plugins answer
    for, or one that fails, are tried again; those to a name that nobody answers for are given up.

    Args:
        name: the target, as a route names it.

    Returns:
        A target that is ready to be used until the plugin is shut down; None when the name is
        another's.
    """


@specification(Kind.PROVIDER, Policy.CLOSED, deadline_s=30, since="0.1", answers=(object,))
def pacsd_coercion(name: str) -> Coercion | None:
    """Give a coercion that routes name.

    Asked for each name once, when the first delivery that is to be coerced so is made. The copies
    are made by pacsd, of whatever target: no target sees the original. Where the coercion cannot be
    had, nothing leaves: a delivery with a name that nobody answers for is a dead letter, one with a
    name that two plugins answer for, or one that fails, is tried again.

    Args:
        name: the coercion, as a route names it.

    Returns:
        A coercion that is ready to be used until the plugin is shut down; None when the name is
        another's.
    """


@specification(Kind.NOTIFY, Policy.OPEN, deadline_s=10, since="0.1")
def pacsd_delivered(delivered: Delivered) -> None:
    """Learn what became of a delivery.

    Told once a delivery has come to its end, which may be that it was refused or given up; not of
    those that somebody cancels. All plugins are told. What fails is logged and not repeated; after
    a crash the same end may be told twice.

    Args:
        delivered: what it was, where it was to go, and how that ended.
    """
