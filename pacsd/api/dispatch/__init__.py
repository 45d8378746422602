"""How the core calls hooks; plugins do not need it.

    implementation  one plugin's implementation of a hook, bound and ready to be called
    lineup          all implementations of one hook, from one reload to the next
    panel           how any of them is asked: within a deadline that they share, what it raises
                    contained, what it answers judged
    eager           what is left of a call that did not answer at once: only this has a deadline
    breaker         who fails again and again is not asked for a while
    tally           what the plugins did, counted, and the last calls one by one; answer_kinds: of
                    what kind an answer was
    own_traceback   that of what a plugin raised
    in_turn         kinds first and filter: one after the other
    all_asked       kinds notify, vote and collect: all of them
    durable         notifications that must not be missed, each plugin by itself
    asked_alone     questions that must not be missed, each plugin by itself
    provider        kind provider: one answers for a name, with a record or an object that
                    implements a port; asked_for: what is asked for meanwhile

pluggy registers and validates; it does not call: its calls know no deadline, and let a coroutine
beat an answer.

In: the implementations and what the hook's specification says. Out: answers of the declared class,
or HookError where the error policy is to fail. Called by app, which hands the hooks to the rooms
that call them.
"""
