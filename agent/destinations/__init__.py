"""Where copies go. `base` is the one interface; each kind of destination has a module or package of its own.

Runs in the lane threads of `agent.work.worker`; knows nothing of jobs, database or socket, and opens no file of the
user's: what to send comes as a `Source`.
"""
