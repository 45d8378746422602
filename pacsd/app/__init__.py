"""The roof: the only room that knows all others. It puts the daemon together and lets it live.

    cli/                 the command `pacsd`
    conf/                the configuration: read, checked, explained, shown
    admin/               how commands speak to the running daemon
    daemon.py            start, reload, stop; wiring.py puts all together, with archive_, dimse_,
                         web_, command_, health_, route_, commitment_, ai_wiring.py; guarding.py
    data_dir.py          its lock; archive_key.py; opening.py opens it, stores_found.py the stores
    indexing.py          the index of a daemon: opened, brought up to the store, measured
    index_folder.py, index_rebuild.py
                         an index made anew while no daemon runs, and how it takes its place
    plugins/             plugins from entry point on; plugin_work.py, plugin_metrics.py their calls,
                         answer_log.py who said no, run_log.py the models they run
    isolation/           where they live: inline, in a thread, in a process of their own
    dicom_files.py, file_set.py, sendable_files.py, file_sending.py, web_file_sending.py
                         DICOM files found in folders and by DICOMDIR, and sent to a peer
    usual_keys.py, searching.py, wanted.py, retrieving.py
                         a search in a peer's archive, what is to be had from it, and having it
    sop_classes_of.py, file_receiving.py, part_file.py
                         what a C-GET has to be ready for, and the files it makes
    web_retrieving.py, web_file_receiving.py
                         the same by WADO-RS
    importing.py, import_records.py: copied into the archive; commit_asking.py, commit_records.py
                         peers asked whether they keep something safely
    exporting.py, export_selection.py, export_folder.py, export_records.py
                         copied out of it into a folder; directory_making.py its DICOMDIR,
                         private_files.py files for one user only
    checking.py          the check and the scrub; purging.py, audit_sink.py: the trail told
    job_running.py       jobs and events; job_log.py, job_metrics.py for it,
                         served_jobs.py for HTTP
    extra_tags.py        tags that a user chose: filled in for what came before
    offline.py           such work done while no daemon runs; errand_log.py: its end
    logs.py, systemd.py  what the daemon tells those who run it, repeats.py lines that repeat;
                         signals.py what they tell it
    ingest_log.py, ingest_metrics.py, clock.py
                         what ingest tells: `archive` knows no log lines, metrics or time

In: options, environment and files from `conf`. Out: a daemon, and one exit code.
Inside the room `conf` and `admin` import nothing else of it, `isolation` only `conf`, the modules
here those three, and `cli` imports all (tests/house holds the table). Nobody imports this room.
"""
