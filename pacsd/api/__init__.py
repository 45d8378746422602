"""The contract with plugins: what they may import, beside pacsd.dicom.

    settings     base of every settings table
    plugin       the life of a plugin, and the Host it is given; host: what it may ask for
    instances, labels, audit, keys, metrics
                 what else a plugin may ask of its Host
    hooks        the marker for implementations, and the list of all hooks; their specifications
                 are in hookspecs, hook_facts is what they declare
    acceptance, access, ai, commands, config_change, event_subject, events, health, http,
    query_results, receiving, removal, routing, vote
                 records of the hooks: what they are asked, what they answer
    reception    how an instance came to us; correction_rules: what of it may be corrected
    matching     what has to be so of a subject, as rules say it
    windows, local_zone
                 times of day at which something holds, and whose they are
    side_by_side_reads
                 several small reads of a store that cannot read them together
    store        the port BlobStore and its records; route_target: RouteTarget and its own;
                 ai_runner: AiRunner and its work; transcoder, coercion: ports for copies
    state_log    the port StateLog: what was decided about stored objects later
    errors       StoreError, PluginError, HookError
    dispatch     how the core calls hooks; plugins do not need it
    crashpoints  named places at which a test may kill the process

In: nothing but values and buffers. Out: records and ports (Protocols), never a socket or a row.
Called by the rooms above and by every plugin.
"""
