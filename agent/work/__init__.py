"""The use cases: what is done with files, jobs and destinations, in the order of a photo's life.

The only room that marries store, files, media and destinations. Knows nothing of sockets; what is to be shown goes
through `agent.state`.
"""
