"""The command `pacsd`: a module for each command or group of commands.

    main.py              the entry point: puts the commands together
    serve.py             pacsd serve
    daemon.py            pacsd status, reload
    associations.py      pacsd associations list, show, abort
    explain.py           pacsd explain last-reject; refusal_advice.py knows what to do about it
    echo.py              pacsd echo
    send.py              pacsd send; send_progress.py its bar, send_report.py what it says
    find.py              pacsd find; find_report.py what it says
    move.py, get.py      pacsd move, get; retrieve_report.py what they say
    import_files.py, export.py, commit.py   pacsd import, export, commit
    fsck.py              pacsd fsck
    quarantine.py        pacsd quarantine list, held, show, diff, release, discard;
                         quarantine_report.py what it says of each entry
    correct.py           pacsd correct study, series, instance, list
    delete.py            pacsd delete, restore-deleted study, series, instance
    deleted.py           pacsd deleted list
    index.py             pacsd index stats, rebuild; rebuild_progress.py its bar
    jobs.py              pacsd jobs list, show, retry, cancel, retarget, drain
    deliveries.py        pacsd deliveries list, show, ..., proof; deliveries_report: what it says
    rules.py             pacsd rules check, test, explain, replay; rules_files.py, rules_report.py
    check.py             pacsd check
    conf.py              pacsd conf describe, show
    peers.py             pacsd peers list, show
    hooks.py, run.py     pacsd hooks, run; with_hook.py knows the names of hooks
    plugins.py           pacsd plugins list, check; plugins_report.py what it says of each,
                         plugins_trace.py, plugins_new.py pacsd plugins trace, new
    with_config.py       what commands share that read the configuration
    with_peer.py         what commands share that call a peer
    with_query.py        of these, those that search or retrieve
    with_confirmation.py what commands share that ask first
    with_daemon.py       what commands share that speak to the running daemon
    with_errand.py       those that have long work done; errand_progress.py its bar

In: arguments. Out: text on standard output, why not on standard error, an exit code (0 done, 1 not
done, 2 the configuration or the command is wrong).

A command imports what it needs when it runs, so that `pacsd --help` loads no settings and no
sockets. Called by the console script and `python -m pacsd`; nobody else imports this package.
"""
