"""DIMSE, without sockets: messages over one association (PS3.7).

In: what `ul` takes - bytes, the time - and requests, responses and data-set fragments to send.
Out: requests, responses and data-set fragments received; bytes to write; a deadline.
Who calls: `net`.

    session.py           the whole: same shape as `ul.Association`, open operations by Message ID
    incoming.py          PDVs -> command sets and data-set fragments
    outgoing.py          messages -> P-DATA-TF PDUs
    operations.py        what is open, and the asynchronous operations window
    commands.py          the 23 messages of PS3.7 sections 9.3 and 10.3, as records
                         commands_base.py what they share
    command_codec.py     command sets <-> bytes, by commands_dictionary.py; commands_refusal.py
                         what is wrong with one
    patience.py          how long a session waits, and how slow a message may come
    events.py, errors.py what comes out

Like `ul`, the room emits and never calls. Data sets pass through as bytes, unread.
"""
