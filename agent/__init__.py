"""Safelight's headless half: the agent that keeps pictures safe, and the command that speaks with it.

This module holds the version and imports nothing, so that anything may import it.
"""

__version__ = "0.1.0"
