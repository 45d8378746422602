"""Where plugins live: in the daemon, in a thread of their own, in a process of their own.

    home.py              what all homes have in common: Home, Enabled, HookTraits, Health
    loading.py           a plugin imported, decoded, constructed, its hooks found
    inline.py            the home on the event loop that starts it, in a task of its own
                         (plugin_task.py), what it raises contained (contained.py)
    threads.py           threads for its plain functions, which keep nothing from ending
    thread.py            the home on the event loop of a thread
    process.py           the home in a process: GuestProcess, which restarts it (back_off.py)
    life.py              one life of that process; child_process.py begins and kills it
    guest.py             the program of that process
    requests.py          what the two say to each other
    channel.py           how: asks and answers by number, over
    frames.py, messages.py
                         frames of JSON
    scalar_values.py, values.py, specifications.py
                         what the hooks take and answer as JSON, strictly by type
    host_asking.py, host_answering.py
                         what the plugin asks its Host for, there and here; crossing_files:
                         what of it is an open file, by descriptors.py beside the channel
    log_records.py, output.py, line_rate.py, series.py
                         what the plugin logs, prints and counts
    environment.py, process_limits.py
                         what the process learns and may have
    containment.py       what each home contains, as a table; tests and guide are made of it
    errors.py            the errors

In: what the configuration says of a plugin, its logger, and what it may ask of the daemon. Out:
calls of its hooks, which raise PluginError and nothing else. Over a channel goes JSON, decoded by
the types of the hook specifications: no pickle, no class by a name that came over it.
The room imports `conf` for the words of what is wrong with a table, and nothing else of `app`.
"""
