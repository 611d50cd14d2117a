"""HDR scenes rendered on the fly: landscapes, night streets, interiors and still lifes."""
