"""What a person may ask of the agent, by the window or the command line.

Called on the threads that answer clients: looks, writes down, and leaves what takes long to a lane.
"""
