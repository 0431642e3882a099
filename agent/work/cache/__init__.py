"""The media cache at work: pictures and metadata made when files come, when somebody asks, and in a whole pass.

Must not touch the backup: everything here may be deleted and made again.
"""
