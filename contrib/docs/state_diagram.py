"""The Upper Layer state machine, drawn from the tables that the program runs by."""

import ast
import inspect
from collections import defaultdict
from itertools import pairwise, product

from contrib.docs.sections import table
from pacsd.ul.states import NEXT_STATE, Action, Evt, State, action_for

_CHOSEN = {
    Action.AE_6: (State.STA3, State.STA13),
    Action.AR_8: (State.STA9, State.STA10),
}
"""Actions that choose between two states: refused by the provider; requestor or acceptor."""

_HEAD = """\
# The Upper Layer state machine

PS3.8 section 9.2 as [pacsd/ul/states.py](../../pacsd/ul/states.py) holds it; the program runs by
these tables and nothing else sets a state. Written by `make docs`.
"""
_DIAGRAM = """
## Diagram

Ways to an abort are left out: an A-ABORT of the peer and a lost connection lead to Sta1 from
everywhere, so does ARTIM when it expires; our own abort and a PDU that does not belong lead to
Sta13. The table below has them.

```mermaid
{}
```
"""
_WORDS = """
## States

{}

## Actions

{}
"""
_TABLE = """
## Table 9-10

A row is an event, a column a state; an empty cell is an event that cannot occur there or that the
local user must not ask for.

{}
"""


def render() -> str:
    """Write states.md."""
    documented = _documented()
    states = [(_name(state), documented[state.name]) for state in State]
    actions = [(_name(action), action.value, _targets(action)) for action in Action]
    words = _WORDS.format(
        table(("State", "Meaning"), states), table(("Action", "What is done", "Next"), actions)
    )
    return "".join((_HEAD, _DIAGRAM.format(_diagram()), words, _TABLE.format(_cells())))


def _diagram() -> str:
    ways: dict[tuple[State, State], list[str]] = defaultdict(list)
    for state, event in product(State, Evt):
        action = action_for(state, event)
        if action is None or action.name.startswith("AA") or event is Evt.TRANSPORT_CLOSED:
            continue
        for target in _CHOSEN.get(action, (NEXT_STATE[action],)):
            ways[state, target].append(f"{_event(event)} / {_name(action)}")
    lines = [
        f"    {_name(state)} --> {_name(target)} : {', '.join(labels)}"
        for (state, target), labels in ways.items()
    ]
    return "\n".join(("stateDiagram-v2", "    [*] --> Sta1", *lines))


def _cells() -> str:
    rows = [(_event(event), *(_cell(state, event) for state in State)) for event in Evt]
    return table(("Event", *map(_name, State)), rows)


def _cell(state: State, event: Evt) -> str:
    action = action_for(state, event)
    return _name(action) if action else ""


def _targets(action: Action) -> str:
    return " or ".join(map(_name, _CHOSEN.get(action, (NEXT_STATE[action],))))


def _name(item: State | Action) -> str:
    """As PS3.8 writes it: Sta6, AE-6."""
    return f"Sta{item.value}" if isinstance(item, State) else item.name.replace("_", "-")


def _event(event: Evt) -> str:
    return event.name.replace("_", "-")


def _documented() -> dict[str, str]:
    """The docstring below each member of State."""
    body = ast.parse(inspect.getsource(State)).body[0]
    members = body.body if isinstance(body, ast.ClassDef) else []
    return {
        member.targets[0].id: str(text.value.value)
        for member, text in pairwise(members)
        if isinstance(member, ast.Assign)
        and isinstance(member.targets[0], ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
