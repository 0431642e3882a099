"""Reads the user's disk: watches it, walks it, waits until files rest, reads their bytes. It never writes there.

Paths are bytes. The one room that knows watchdog. Errors of the system become fates in `read`, by one table.
"""
