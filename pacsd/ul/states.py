"""The Upper Layer state machine of PS3.8 section 9.2, as tables.

`ACTIONS` is table 9-10, transposed so that a row is an event; `NEXT_STATE` is the state each
action ends in (tables 9-6 to 9-9). Two actions choose between two states themselves: AE-6 (the
provider accepts the request or not) and AR-8 (requestor or acceptor in a release collision).
This module is the only place where the protocol's states are decided.
"""

from enum import Enum, IntEnum, unique


class State(IntEnum):
    """PS3.8 section 9.2.1, tables 9-1 to 9-5."""

    STA1 = 1
    """Idle."""
    STA2 = 2
    """Transport connection open, awaiting A-ASSOCIATE-RQ."""
    STA3 = 3
    """Awaiting the local A-ASSOCIATE response."""
    STA4 = 4
    """Awaiting the transport connection to open."""
    STA5 = 5
    """Awaiting A-ASSOCIATE-AC or -RJ."""
    STA6 = 6
    """Association established."""
    STA7 = 7
    """Awaiting A-RELEASE-RP."""
    STA8 = 8
    """Awaiting the local A-RELEASE response."""
    STA9 = 9
    """Release collision, requestor: awaiting the local A-RELEASE response."""
    STA10 = 10
    """Release collision, acceptor: awaiting A-RELEASE-RP."""
    STA11 = 11
    """Release collision, requestor: awaiting A-RELEASE-RP."""
    STA12 = 12
    """Release collision, acceptor: awaiting the local A-RELEASE response."""
    STA13 = 13
    """Awaiting the transport connection to close."""


class Evt(IntEnum):
    """PS3.8 table 9-10, the events."""

    ASSOCIATE_REQUEST = 1
    TRANSPORT_CONFIRM = 2
    ASSOCIATE_AC_PDU = 3
    ASSOCIATE_RJ_PDU = 4
    TRANSPORT_INDICATION = 5
    ASSOCIATE_RQ_PDU = 6
    ASSOCIATE_ACCEPT = 7
    ASSOCIATE_REJECT = 8
    P_DATA_REQUEST = 9
    P_DATA_PDU = 10
    RELEASE_REQUEST = 11
    RELEASE_RQ_PDU = 12
    RELEASE_RP_PDU = 13
    RELEASE_RESPONSE = 14
    ABORT_REQUEST = 15
    ABORT_PDU = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU = 19


@unique
class Action(Enum):
    """PS3.8 tables 9-6 to 9-9."""

    __hash__ = object.__hash__  # Enum's own is a Python call; this one is taken for every PDU

    AE_1 = "open a transport connection"
    AE_2 = "send A-ASSOCIATE-RQ"
    AE_3 = "confirm the association, accepted"
    AE_4 = "confirm the association, rejected; close the transport connection"
    AE_5 = "accept the transport connection; start ARTIM"
    AE_6 = "stop ARTIM; indicate the association, or reject it and start ARTIM"
    AE_7 = "send A-ASSOCIATE-AC"
    AE_8 = "send A-ASSOCIATE-RJ; start ARTIM"
    DT_1 = "send P-DATA-TF"
    DT_2 = "indicate P-DATA"
    AR_1 = "send A-RELEASE-RQ"
    AR_2 = "indicate the release"
    AR_3 = "confirm the release; close the transport connection"
    AR_4 = "send A-RELEASE-RP; start ARTIM"
    AR_5 = "stop ARTIM"
    AR_6 = "indicate P-DATA while releasing"
    AR_7 = "send P-DATA-TF while releasing"
    AR_8 = "indicate the release: collision"
    AR_9 = "send A-RELEASE-RP"
    AR_10 = "confirm the release"
    AA_1 = "send A-ABORT of the service user; start ARTIM"
    AA_2 = "stop ARTIM; close the transport connection"
    AA_3 = "indicate the peer's abort; close the transport connection"
    AA_4 = "indicate an abort by the provider"
    AA_5 = "stop ARTIM; there never was an association"
    AA_6 = "ignore the PDU"
    AA_7 = "send A-ABORT"
    AA_8 = "send A-ABORT of the provider; indicate an abort by the provider; start ARTIM"


NEXT_STATE: dict[Action, State] = {
    Action.AE_1: State.STA4,
    Action.AE_2: State.STA5,
    Action.AE_3: State.STA6,
    Action.AE_4: State.STA1,
    Action.AE_5: State.STA2,
    Action.AE_6: State.STA3,
    Action.AE_7: State.STA6,
    Action.AE_8: State.STA13,
    Action.DT_1: State.STA6,
    Action.DT_2: State.STA6,
    Action.AR_1: State.STA7,
    Action.AR_2: State.STA8,
    Action.AR_3: State.STA1,
    Action.AR_4: State.STA13,
    Action.AR_5: State.STA1,
    Action.AR_6: State.STA7,
    Action.AR_7: State.STA8,
    Action.AR_8: State.STA10,
    Action.AR_9: State.STA11,
    Action.AR_10: State.STA12,
    Action.AA_1: State.STA13,
    Action.AA_2: State.STA1,
    Action.AA_3: State.STA1,
    Action.AA_4: State.STA1,
    Action.AA_5: State.STA1,
    Action.AA_6: State.STA13,
    Action.AA_7: State.STA13,
    Action.AA_8: State.STA13,
}

_LEGEND = {action.name.replace("_", "-"): action for action in Action}

# PS3.8 table 9-10. Columns: Sta1 ... Sta13. A dot is an empty cell: the event cannot occur there,
# or, for a request of the local user, must not.
_TABLE_9_10 = """
Evt1   AE-1 .    .    .    .    .    .    .    .    .     .    .    .
Evt2   .    .    .    AE-2 .    .    .    .    .    .     .    .    .
Evt3   .    AA-1 AA-8 .    AE-3 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt4   .    AA-1 AA-8 .    AE-4 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt5   AE-5 .    .    .    .    .    .    .    .    .     .    .    .
Evt6   .    AE-6 AA-8 .    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-7
Evt7   .    .    AE-7 .    .    .    .    .    .    .     .    .    .
Evt8   .    .    AE-8 .    .    .    .    .    .    .     .    .    .
Evt9   .    .    .    .    .    DT-1 .    AR-7 .    .     .    .    .
Evt10  .    AA-1 AA-8 .    AA-8 DT-2 AR-6 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt11  .    .    .    .    .    AR-1 .    .    .    .     .    .    .
Evt12  .    AA-1 AA-8 .    AA-8 AR-2 AR-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt13  .    AA-1 AA-8 .    AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3 AA-8 AA-6
Evt14  .    .    .    .    .    .    .    AR-4 AR-9 .     .    AR-4 .
Evt15  .    .    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1  AA-1 AA-1 .
Evt16  .    AA-2 AA-3 .    AA-3 AA-3 AA-3 AA-3 AA-3 AA-3  AA-3 AA-3 AA-2
Evt17  .    AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4  AA-4 AA-4 AR-5
Evt18  .    AA-2 .    .    .    .    .    .    .    .     .    .    AA-2
Evt19  .    AA-1 AA-8 .    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-7
"""


def _read_table(text: str) -> tuple[tuple[Action | None, ...], ...]:
    rows: list[tuple[Action | None, ...]] = [(None,) * (len(State) + 1)]
    for event, line in zip(Evt, text.strip().splitlines(), strict=True):
        name, *cells = line.split()
        if name != f"Evt{event}" or len(cells) != len(State):
            raise ValueError(f"table 9-10: a damaged row: {line}")
        rows.append((None, *(None if cell == "." else _LEGEND[cell] for cell in cells)))
    return tuple(rows)


_ACTIONS = _read_table(_TABLE_9_10)


def action_for(state: State, event: Evt) -> Action | None:
    """The cell of table 9-10; None for an empty one."""
    return _ACTIONS[event][state]
