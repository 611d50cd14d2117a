"""The operators as data, for comparisons: name, title, citation key and the function."""

from collections.abc import Callable
from dataclasses import dataclass

from twostage_hdr.expansion.akyuz2007 import akyuz2007
from twostage_hdr.expansion.banterle2006 import banterle2006
from twostage_hdr.expansion.bist2017 import bist2017
from twostage_hdr.expansion.didyk2008 import didyk2008
from twostage_hdr.expansion.huo2013 import huo2013
from twostage_hdr.expansion.kovaleski2014 import kovaleski2014
from twostage_hdr.expansion.kuo2012 import kuo2012
from twostage_hdr.expansion.landis2002 import landis2002
from twostage_hdr.expansion.luminance_expansion import DisplayRGB, LdrFrame, ldr_frame
from twostage_hdr.expansion.masia2009 import masia2009
from twostage_hdr.expansion.masia2017 import masia2017
from twostage_hdr.expansion.rempel2007 import rempel2007
from twostage_hdr.expansion.wang2007 import wang2007
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB


@dataclass(frozen=True)
class Operator:
    """One expansion operator as a row of a comparison."""

    title: str
    """As a table shows it."""
    citation: str
    """Key into references.bib."""
    function: Callable[[LdrFrame], DisplayRGB]
    """With its own settings at their defaults."""
    unverified: bool = False
    """The formula was not confirmed in its source."""
    approximation: str = ""
    """Where it departs from the paper; empty where it follows the paper's formula."""

    def __call__(
        self, ldr: EncodedRGB, *, gamma: float = HDM_GAMMA, white: float = WHITE, max_output: float | None = None
    ) -> DisplayRGB:
        """Expands an LDR frame; arguments and errors are those of `ldr_frame`."""
        return self.function(ldr_frame(ldr, gamma=gamma, white=white, max_output=max_output))


ALL_OPERATORS = {
    operator.citation: operator
    for operator in (
        Operator("Landis 2002", "landis2002", landis2002),
        Operator(
            *("Banterle et al. 2006", "banterle2006", banterle2006),
            approximation="expand map: density of energy over area, no minimal count of lights; cross-bilateral edges",
        ),
        Operator("Akyüz et al. 2007", "akyuz2007", akyuz2007),
        Operator("Rempel et al. 2007", "rempel2007", rempel2007),
        Operator(
            *("Wang et al. 2007", "wang2007", wang2007),
            approximation="no user: one lobe of light per clipped region, no texture",
        ),
        Operator(
            *("Didyk et al. 2008", "didyk2008", didyk2008),
            approximation="no user: regions classified by size instead of a trained classifier; curve of our own",
        ),
        Operator("Masia et al. 2009", "masia2009", masia2009, approximation="gamma not below 1"),
        Operator(
            *("Kuo et al. 2012", "kuo2012", kuo2012),
            approximation="peak given instead of chosen by the unpublished scene classifier",
        ),
        Operator("Huo et al. 2013", "huo2013", huo2013),
        Operator("Kovaleski and Oliveira 2014", "kovaleski2014", kovaleski2014),
        Operator("Masia et al. 2017", "masia2017", masia2017, approximation="gamma not below 1"),
        Operator(
            *("Bist et al. 2017", "bist2017", bist2017),
            unverified=True,
            approximation="formula unconfirmed; saturation gain off",
        ),
    )
}
"""Every operator, by year."""
