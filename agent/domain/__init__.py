"""Decisions as pure functions: no clock, disk, thread, network or log, so that every one is tested by a table.

What the world is like comes in as arguments; what to do about it goes out as values.
"""
