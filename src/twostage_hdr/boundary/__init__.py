"""Where bytes from outside enter: regular files of a bounded size, parsed within limits, refused in one line."""
