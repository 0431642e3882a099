"""Opens pictures and videos; owns Pillow, pillow-heif, pillow-jxl-plugin and PyAV.

Files come from cameras, phones and the internet, so nothing here trusts them: they are opened in child processes
(`decode`, confined by `confine`) that the agent reaches through `pool`. The agent itself imports `pool` alone, which
loads none of those packages. Nothing here writes to the disk, and nothing here decides what a finding means.

    pool      in the agent: keeps the children, gives them files, ends those that hang or grow
    decode    in the child: one request a line, one answer a line
    confine   in the child: what it may not do
    metadata  in the child: what is known of a file, by its format (`exif`, `raw`, `video`, `jxl`, `boxes` read parts)
"""
