"""Looks at everything from outside: what usually goes wrong, and the zip for a bug report.

Runs in the process of the command, with the agent or without it, and changes nothing. What follows from what was seen
is decided by `domain.checkup`. Main thread; a check that waits has a time limit.
"""
