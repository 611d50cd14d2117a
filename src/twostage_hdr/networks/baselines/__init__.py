"""The compared networks, one file per method."""
