"""The window and its pages: each reads the model, shows it, and sends one request for each button. GUI thread.

A page that is not on the screen draws nothing; it catches up when it is shown.
"""
