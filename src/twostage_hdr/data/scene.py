"""What a source of triples offers: scenes, and a triple of any window of a scene."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window


@dataclass(frozen=True)
class Scene:
    """A scene's identity.

    Attributes:
        id: unique in its source; stable over runs, since splits and cameras depend on it.
        group: the place or film sequence. Scenes of one group never fall into different splits.
    """

    id: str
    group: str


@runtime_checkable
class Source(Protocol):
    """Anything that makes triples: HdM, a folder of HDR images, generated scenes, a prepared store."""

    cap: float
    """Highest encoded reference value that scores look at; results and references are cut there."""

    def scenes(self) -> Sequence[Scene]:
        """All scenes, in an order that does not depend on the file system."""

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        """The scene's triple: the whole image (`window=None`) or a window of it.

        A pure function of its arguments: exposure, camera and noise are drawn from `rng` alone.
        """
