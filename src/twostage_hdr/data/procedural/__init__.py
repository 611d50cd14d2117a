"""HDR scenes rendered on the fly: rooms with a window, and streets at night."""
