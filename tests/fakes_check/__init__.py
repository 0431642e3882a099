"""Proves that the stand-in Immich server answers as the real one was seen to."""
