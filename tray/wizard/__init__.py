"""The first run: five short steps, one module each, put together by `wizard`.

Each step does at once what was asked for in it, so that leaving at any time loses nothing. GUI thread; nothing waits.
"""
