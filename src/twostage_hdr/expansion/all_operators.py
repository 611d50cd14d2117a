"""The operators as data, for comparisons: name, title, citation key and the function."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from twostage_hdr.expansion.akyuz2007 import akyuz2007
from twostage_hdr.expansion.banterle2006 import banterle2006
from twostage_hdr.expansion.bist2017 import bist2017
from twostage_hdr.expansion.didyk2008 import didyk2008
from twostage_hdr.expansion.huo2013 import huo2013
from twostage_hdr.expansion.kovaleski2014 import kovaleski2014
from twostage_hdr.expansion.kuo2012 import kuo2012
from twostage_hdr.expansion.landis2002 import landis2002
from twostage_hdr.expansion.masia2009 import masia2009
from twostage_hdr.expansion.masia2017 import masia2017
from twostage_hdr.expansion.rempel2007 import rempel2007
from twostage_hdr.expansion.wang2007 import wang2007
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


@runtime_checkable
class Expansion(Protocol):
    """What every operator can be called with; each has settings of its own besides."""

    def __call__(
        self, ldr: EncodedRGB, *, gamma: float = ..., white: float = ..., max_output: float | None = ...
    ) -> LinearRGB:
        """Encoded LDR in, linear RGB in cd/m^2 out."""
        ...


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One expansion operator as a row of a comparison."""

    title: str
    """As a table shows it."""
    citation: str
    """Key into references.bib."""
    function: Expansion
    unverified: bool = False
    """The formula was not confirmed in its source."""
    approximation: str = ""
    """Where it departs from the paper; empty where it follows the paper's formula."""

    def __call__(
        self,
        ldr: EncodedRGB,
        *,
        gamma: float = HDM_GAMMA,
        white: float = WHITE,
        max_output: float | None = None,
    ) -> LinearRGB:
        """Run the operator with its own settings at their defaults."""
        return self.function(ldr, gamma=gamma, white=white, max_output=max_output)


ALL_OPERATORS: dict[str, Operator] = {
    "landis2002": Operator(title="Landis 2002", citation="landis2002", function=landis2002),
    "banterle2006": Operator(
        title="Banterle et al. 2006",
        citation="banterle2006",
        function=banterle2006,
        approximation="expand map: density of energy over area, no minimal count of lights; cross-bilateral edges",
    ),
    "akyuz2007": Operator(title="Akyüz et al. 2007", citation="akyuz2007", function=akyuz2007),
    "rempel2007": Operator(title="Rempel et al. 2007", citation="rempel2007", function=rempel2007),
    "wang2007": Operator(
        title="Wang et al. 2007",
        citation="wang2007",
        function=wang2007,
        approximation="no user: one lobe of light per clipped region, no texture",
    ),
    "didyk2008": Operator(
        title="Didyk et al. 2008",
        citation="didyk2008",
        function=didyk2008,
        approximation="no user: regions classified by size instead of a trained classifier; curve of our own",
    ),
    "masia2009": Operator(
        title="Masia et al. 2009",
        citation="masia2009",
        function=masia2009,
        approximation="gamma not below 1",
    ),
    "kuo2012": Operator(
        title="Kuo et al. 2012",
        citation="kuo2012",
        function=kuo2012,
        approximation="peak given instead of chosen by the unpublished scene classifier",
    ),
    "huo2013": Operator(title="Huo et al. 2013", citation="huo2013", function=huo2013),
    "kovaleski2014": Operator(title="Kovaleski and Oliveira 2014", citation="kovaleski2014", function=kovaleski2014),
    "masia2017": Operator(
        title="Masia et al. 2017",
        citation="masia2017",
        function=masia2017,
        approximation="gamma not below 1",
    ),
    "bist2017": Operator(
        title="Bist et al. 2017",
        citation="bist2017",
        function=bist2017,
        unverified=True,
        approximation="formula unconfirmed; saturation gain off",
    ),
}
"""Every operator, by year."""
