"""The two stages with wide matrix products, as tensor cores are fastest with."""
