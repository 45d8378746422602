"""How commands on this machine speak to the running daemon.

    unix_socket.py       the socket in the data directory: AdminSocket serves, `ask` asks
    commands.py          the commands it serves, over the flight recorder and the listener
    quarantine_commands.py, correction_commands.py, index_commands.py, job_commands.py,
    plugin_commands.py, rule_commands.py, delivery_commands.py, target_commands.py
                         those over quarantine, held instances, corrections, the index, jobs,
                         plugins, rules, deliveries and targets; run_commands.py those that plugins
                         have added
    held_instances.py
                         what it takes to decide about a held instance
    arguments.py         what a command takes from a request
    errands.py           long work that the daemon does while a command looks on
    records.py, quarantine_records.py, correction_records.py, job_records.py, plugin_records.py,
    rule_records.py      what they answer, written as JSON by one end and read back by the other

In: a command and its arguments, one JSON object a line, from the daemon's own user or root.
Out: records as JSON, or why not. The daemon serves; `cli` asks.
"""
