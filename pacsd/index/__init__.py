"""The index: what is stored and where it lies. The only room that knows SQL.

    index            open_index, Index: what the rooms above hold in hand
    records          what is brought to the index and what it answers
    errors           IndexFault, IndexVersionError
    attributes       the indexed attributes by level          PS3.4 section C.6, PS3.18 section 10.6
    text             text that is fit for columns

    ingest           the ingest transaction: a group in, a verdict for each out
    placing          patient, study and series of an instance, or held
    judging          the verdict where a SOP Instance UID is taken
    quarantining     other data sets under a known UID; releasing: the way back
    overlays         corrections, read; correcting: the transaction; overlay_records: their records
    deletions        what is deleted; deleting: why; purging: gone; deletion_records
    auditing         the audit trail
    changes          the change log; telling_changes: with UIDs; change_records, study_origins;
                     forgetting_changes: old ones; bell: for those who wait; quiet: nothing came
    jobs             durable jobs: adding_, claiming_, ending_, steering_, reading_jobs, of which
                     settling_jobs and job_counts are parts; job_records
    ledger           deliveries: covering_, settling_, steering_, reading_; delivery_records
    plugin_values    what plugins keep; labels: what they put on studies
    instances, copies, quarantine, extra_tags, statistics
                     the other calls, by what they are about; of_study, recent_studies; looked_up
    checking         what a check of a store asks
    queries          what matches a query: searching by clauses over columns, of which some are
                     computed; entities as they are answered; subjects: what an event is about
    headers          the header database, of which header_codec is the packing
    log_position     how much of the store's state log is mirrored
    extra_values, packing, words, selections, recent: parts of these

    schema           tables; schema_records: of what happened; schema_jobs, schema_deliveries
    versions         a database's version; migrations: how it is raised
    sqlite           all that is SQLite's
    threads          one thread that writes, a few that read; desks: their connections
    unit_queue       work on its way from the event loop to a thread
    session          what a writing unit of work has in hand

In: instances that are durable in a store, scopes, keys to page by. Out: frozen records. Called by
archive and jobs, on the event loop; every call is one hop to a thread and one transaction there.
Nothing of a call that raised is visible. SQLAlchemy Core, no objects mapped; PostgreSQL follows.
"""
