"""The losses the compared networks are trained with, one file per method."""
