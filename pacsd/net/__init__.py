"""The doors to the world: sockets for DIMSE, in and out, and the HTTP listener.

In: connections; settings and peers from `app`. Out: data sets to `archive.ingest`, bytes to
peers, and what there is to tell about it.

    listener.py          listens, keeps count of its connections, drains at shutdown
    pump.py              a socket and a session: bytes, back-pressure, one timer
    scp.py               an association we accept; performer.py what is invoked over it,
                         storage.py its C-STORE
    finding.py           C-FIND of others; retrieving.py their C-MOVE and C-GET, in turns.py, with
                         tally.py to count and destination_places.py to go to
    scu.py, requested_association.py   associations we request, and operations over them
    invoking.py          what is invoked over either, one response each or several_responses.py
    sub_operations.py    what a C-GET of ours brings back
    query_retrieve_scu.py   C-FIND, C-MOVE and C-GET of others
    get_contexts.py      what to propose for a C-GET; associated.py an association for a block
    pool.py              those kept open to one destination
    delivery.py          many instances to one peer, taken one_by_one.py; sending.py one of them;
                         throttle.py how fast, kept_associations.py over what was used before
    peer_target.py, web_target.py, web_targets.py, notify_target.py, target_run.py   for routes
    store_contexts.py    what to propose for them; data_sets.py their bytes, re-encoded if need be;
                         transcoding.py what only a codec could make of them
    admission.py         who may open an association; places.py whether there is room
    permissions.py       who may do what; guarded_sink.py asked before an operation; identity.py
                         who; results.py what plugins make of what was found
    ae.py                one of our AE titles with all settings in force
    peers.py             the peers we know; endpoint.py addresses
    chronicle.py         what is told of one association, to
    recorder.py, metrics.py, trace.py, and the log; rate_limit.py keeps it short
    http.py              /health, /ready, /metrics; http_connection.py deadlines of connections
    web, web_client      DICOMweb: served, and asked of others
    committing.py        storage commitment, asked of us and told to us; commitment_reporter.py
                         tells results, by commitment_lines.py; commitment_scu.py asks,
                         late_results.py has what is said later
    settings.py          [dimse], [[ae]], [http], [recorder]
    errors.py            how an association we request can fail

The protocol itself is in `dimse` and `ul`; this room only feeds, drains, writes and waits. One
defect or hostile peer ends one association: exceptions are caught there, once (`pump.py`).
"""
