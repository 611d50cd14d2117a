"""The luminances that relative images stand for: one white, one cap and the ends of the scales they are judged on."""

WHITE = 200.0
"""Luminance of linear 1.0, the white of the LDR frame, cd/m^2: absolute metrics and formats need a stated scale."""

SDR_WHITE_NITS = 203.0
"""Luminance of SDR white in an HDR picture (ITU-R BT.2408), cd/m^2."""

PQ_PEAK = 10_000.0
"""Luminance of the PQ code 1.0, cd/m^2 [st2084]; also where PU21 and most readers of Ultra HDR end."""

PU21_PEAK = 256.0
"""PU21 units that count as 1, the peak of PU21-PSNR: PU21 of about 100 cd/m^2 [mantiuk2021pu21]."""

REFERENCE_CAP = 10.0
"""Highest reference value, encoded (linear 10^2.24 = 174 times white): suns can be 10^5 times the median, while HdM's
references peak at 3 to 10 [ntire2021hdr]."""

REC709_LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Share of R, G and B in the luminance, dimensionless; primaries and white (D65) of Rec. 709 and sRGB."""
