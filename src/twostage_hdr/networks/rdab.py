"""The residual dense attention block, the building block of both stages [sharif2021twostage]."""

from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.residual_dense_block import ResidualDenseBlock
from twostage_hdr.networks.spatial_attention import SpatialAttention


class RDAB(nn.Module):
    """RDAB(x) = R(x) + S(x).

    ::

        x -+-> residual dense block -> R -+
           |                              + -> RDAB(x)
           +-> spatial attention ----> S -+      (left out when attention=False)

    Args:
        features: channels of x.
        growth: channels that each dense conv adds.
        residual_factor: m of the residual dense block.
        attention: False leaves S out (an ablation; not in the paper's network).
    """

    def __init__(
        self, *, features: int = 64, growth: int = 32, residual_factor: float = 0.2, attention: bool = True
    ) -> None:
        super().__init__()
        self.dense = ResidualDenseBlock(features=features, growth=growth, residual_factor=residual_factor)
        self.attention = SpatialAttention(features=features) if attention else None

    def forward(self, x: Float[Tensor, "batch features height width"]) -> Float[Tensor, "batch features height width"]:
        """RDAB(x), of the shape of x."""
        residual = self.dense(x)
        return residual if self.attention is None else residual + self.attention(x)
