"""A photo's way to one destination: hash, ask, put, prove, write down. What an `upload` job does.

Knows nothing of when it may run (`work.gate`, `work.worker`) nor of who listens.
"""
