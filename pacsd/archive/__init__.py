"""Use cases of the archive, free of any protocol: ingest, and what people decide later.

    ingest      Ingest: the way in; begin an object, run the committer, admit or refuse, health
    intake      Intake: one object on its way in; fragments in, an outcome at the end
    examination its header, read as it passes: attributes, identity; admittance: let in or not;
                entry: how; entrances: that in the state log
    chunks      fragments copied once for the thread that writes them; memory: how many may wait
    stores      several stores as one; statuses; shelves: as ingest sees them; placing: which one
    committer   staged objects gathered into groups, made durable and indexed; handover: from
                the one half to the other; unsettled: the files of groups that the index failed
    register    the index as those need it who put instances into it
    extra_tags  tags that a user chose, read beside ours; reindex: for what came before
    answers     what the index decided, or what failed, as DIMSE statuses
    second_look a conflict that is only one of how it is written; sameness: how that is told
    disposal    files that nothing names any more, removed; observer: the port for faults
    adoption    what a crash left over, indexed at start; stored_file: a file read back
    watermark   whether a store has room and health to take more in
    scrub       copies read back one after the other, those for longest unread first
    check       the store against the index, both ways; side_by_side goes through both,
                check_records is what it tells, reading_back and pace how files are read
    instance    the records; file_meta: what stands before a stored data set; preamble: what may
    curation    what is decided: delete, restore, purge, release from quarantine, discard, correct,
                label; corrections: a wish for that
    removal     studies deleted or restored; causes: why; purge: for good; former: what stays
    state_records  the decisions as the store's state log has them; record_making: one of them
    mirror      how the index follows the log; replay: after a crash; leftovers: files that stay
    restoring   what the log must know of a group: deleted ones that come again, repairs
    rebuild     an index made anew, of files and state log; places: whose place a file takes;
                retelling: what comes before what; seen: the files a decision came after
    finding     what matches a query (PS3.4 annex C); sight: what somebody sees of it; telling,
                zones, shown_results and result_rules: as it is told; extra_keys, stored_headers
    retrieval   what a query names, given out; retrievable, reading_ahead, corrected_reading and
                _source, access: the trail; change_feed: what happened; forgetting: long ago
    deliverable what targets are sent; event_ and made_subjects: what an event is of; ai_inputs
    safekeeping whether instances are kept safely, read anew; commitments: who asks for that
    outlines    what lies where; metadata, frame_reading (both kept), bulk_data by that; file_sets:
                DICOMDIRs; difference: two data sets compared; contents: what is in one

In: requests, fragments of data sets. Out: DIMSE statuses and Locations. Called on the event
loop. A success status is given only after store and index have the object.
"""
