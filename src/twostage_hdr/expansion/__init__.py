"""Expansion operators that need no training: one file per author and year, every one a function of an `LdrFrame`.

An operator takes what `ldr_frame` makes of an LDR image and returns linear Rec. 709 RGB in cd/m^2. `all_operators.py`
lists them for comparisons.
"""
