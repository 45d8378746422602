"""The DICOM Upper Layer, without sockets (PS3.8 section 9).

In: bytes a transport received, requests of the local user, the time.
Out: events (indications and confirmations), bytes to write, a deadline.
Who calls: `dimse.Session`; nobody else needs a PDU.

    association.py       feeds, drains, keeps the timer: what others call
    machine.py           the actions of tables 9-6 to 9-9, the only writer of the state
    states.py            PS3.8 table 9-10 and the states, as tables
    reader.py            a stream -> whole PDUs, bounded
    decode.py, encode.py PDU records <-> bytes; user_information.py the sub-items of PS3.7 D.3.3
    pdu.py, items.py     the records
    negotiation.py       contexts, lengths, windows, roles: what both sides agree on
    provider.py          what is refused before any user is asked
    rejection.py         the words of an A-ASSOCIATE-RJ
    events.py, errors.py what comes out

The room emits and never calls: no sockets, clocks, logs or hooks. It raises `LocalProtocolError`
when we break the rules and `RemoteProtocolError` when the peer does; anything else is a defect.
"""
