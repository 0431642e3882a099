"""Safelight's visible half: the light in the tray, its menu and the window. It owns PySide6.

A mirror with buttons: it shows the snapshot that the agent sends and sends requests; it holds no truth, reads no
database, speaks no HTTP and may be closed or killed at any time. All of it runs on the GUI thread and never waits.
"""
