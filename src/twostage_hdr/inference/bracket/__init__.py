"""Several exposures of one scene: measured light where a frame recorded it, the network where none did."""
