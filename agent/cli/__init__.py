"""The `safelight` command: everything the window can do, in a terminal; owns typer and rich.

`entry` begins, `session` is what a command has at hand, and one module holds each group of commands. All of them speak
with the agent through `client`; only `run` and `decode` are processes of their own and reach into the agent's rooms.
Decides nothing that the agent could decide, and makes no sentence about the agent's state: that is `agent.words`.
"""
