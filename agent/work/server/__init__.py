"""What passes between a server and us beside the photos: what is there, what changed, albums, stacks, descriptions.

Runs on the lanes of the servers. Must never touch a local file.
"""
