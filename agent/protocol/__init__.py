"""The messages that the agent and its clients exchange; shared by both halves.

A leaf: it imports nothing of ours, touches no clock, disk, thread or socket, and owns msgspec.
`types` is what the agent shows of itself, `settings` what a person may ask for, `methods` the table of
calls, `wire` the lines on the socket, `paths` how a path of any bytes becomes text.
"""
