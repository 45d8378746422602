"""Doors to the world: sockets for DIMSE and the web."""
