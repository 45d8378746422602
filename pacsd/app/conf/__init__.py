"""The configuration: how it is read, checked, explained and shown.

    settings.py          Config: every room's settings in one record
    reading.py           file, environment and options into one Config
    peers_file.py        the known peers, from peers.toml
    checks.py            both read and checked together: what `serve` starts with

    toml_document.py     a TOML file; toml_lines.py the line of each of its keys
    environment.py       settings from variables; options.py those from the command line
    sources.py           which of these gave which value, so that every error has its place
    decode.py            trees into settings, and what was wrong in plain words
    repeated.py          AE titles given twice
    addresses.py         host names of peers looked up

    setting_keys.py      the keys that the settings classes declare, with their documentation
    docs.py              the example files and `pacsd conf describe`, written from those
    show.py              the values that hold, and where each comes from
    changed_keys.py      which of them a reload does not take over
    errors.py            what can be wrong

In: paths of TOML files, environment variables, options. Out: Config and PeerBook (Checked), or
ConfigErrors with everything that is wrong at once; text for people. It changes nothing.
Called by the commands, by the daemon (plugins decode their own tables the same way) and by
contrib/docs.
"""
