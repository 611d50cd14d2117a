import torch
from torch.utils.data import default_collate

from twostage_hdr.data.triple import Triple


def triple(scene: str = "a") -> Triple:
    image = torch.rand(3, 4, 5)
    return Triple(image, image.clamp(max=0.5), image * 2, scene, torch.tensor(2.0))


def test_collating_triples_gives_a_triple_of_batches_with_a_tuple_of_scenes() -> None:
    batch = default_collate([triple("a"), triple("b")])
    assert isinstance(batch, Triple)
    assert batch.ldr.shape == batch.reference8.shape == batch.reference16.shape == (2, 3, 4, 5)
    assert batch.scene == ("a", "b")
    assert torch.equal(batch.scale, torch.tensor([2.0, 2.0]))
