"""Readers of weights in the formats their authors published them in; none runs foreign code."""
