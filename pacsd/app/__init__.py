"""The roof: command line, configuration, wiring and life cycle."""
