"""The roof: the only room that knows all others. Command line, configuration, wiring, life cycle.

    cli.py, cli_*.py     the command `pacsd`, a module for each group of commands
    daemon.py            start, reload, stop; wiring.py puts the rooms together
    data_dir.py          the data directory and its lock
    plugins.py           plugins from entry point to shutdown
    config.py            the whole configuration as one record
    checks.py            configuration and peers read and checked together: what `serve` starts with
    config_file.py, peers_file.py, toml_document.py, toml_lines.py, sources.py, environment.py,
    options.py, decode.py, repeated.py, setting_keys.py, addresses.py
                         how it is read: file, environment and options, every error with its line
    conf_docs.py, conf_show.py
                         what is generated from it
    logs.py, ingest_log.py, ingest_metrics.py, systemd.py, clock.py
                         operations
    admin_socket.py, admin_commands.py
                         how commands speak to the running daemon
    errors.py            configuration errors

Nobody imports this room.
"""
