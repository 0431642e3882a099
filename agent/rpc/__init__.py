"""Answers clients: reads their calls, hands them on, sends answers and changes. Never decides.

The only room that owns asyncio, in one thread of its own; the calls themselves run in a few worker threads.
"""
