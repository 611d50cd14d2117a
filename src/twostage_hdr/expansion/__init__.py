"""Expansion operators that need no training: one file per author and year, every one a function of the LDR image.

An operator takes gamma-encoded RGB in [0, 1], (3,H,W) or (B,3,H,W), and returns linear Rec. 709 RGB in cd/m^2. Two
settings are common to all: `white`, the luminance of a linear 1.0 that is not expanded (200 cd/m^2), and `max_output`,
the peak (10 x white unless given). `all_operators.py` lists them for comparisons.
"""
