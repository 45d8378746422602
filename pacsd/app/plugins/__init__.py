"""Plugins from entry point to shutdown.

    available   what is installed; imports none of it
    loading     the plugins that the configuration names, each given a home
    living      the keys that say where it lives; homes: the home of each, from app/isolation
    life        all of them, checked, started up and shut down; beside: what runs meanwhile
    reloading   those exchanged that another configuration has otherwise; leaving: the end of each
    health      how they do
    services    what plugins may ask of the daemon, a port each: values, jobs, labels, audit, keys,
                instances, of which stored_instances reads and adding takes in files, copy_place
                makes those without a name; index_asking: how the others ask the index
    transcoding   their codecs at work: codecs are those there are, codec_threads where they
                work, codec_work one of them with an object, transcoded_file what comes of that
    implementations   who implements a hook, in the order of asking
    hooks       the hooks, each of its kind; fitting: what their answers have to be
    callers     as the rooms call them
    surfaces    what they add: routes over HTTP, commands of `pacsd run`
    durable_work  their hooks, as events and jobs call them; route_work, ai_work: as routing and
                inference do; runners: what runs models for others
    coerced_target  targets given copies; coerced_copies makes them, hop_guard says of what, with
                marks by marked_copy, file_beginning what they are; lending lends them
    hook_pages  the hooks as their documentation has them
    checking    everything that keeps plugins from working
    new_plugin  a package to begin with, from the templates in app/plugin_templates

Installing a plugin does not enable it: only those the configuration names are imported, and by
their homes.

In: the configuration. Out: `Plugins`, whose `hooks` the rooms are given by `wiring`. Called by
`opening`, and by `pacsd check`, which starts nothing.
"""
