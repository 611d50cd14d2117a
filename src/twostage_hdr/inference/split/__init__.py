"""The two stages as wide matrix products, which tensor cores compute fastest."""
