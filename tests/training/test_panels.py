from pathlib import Path

import numpy as np
import torch
from PIL import Image

from twostage_hdr.data.triple import Triple
from twostage_hdr.training.panels import ValidationPanels, panel
from twostage_hdr.training.reconstruction_module import Prediction


def test_the_columns_are_frame_stage_one_result_reference_and_difference() -> None:
    generator = torch.Generator().manual_seed(0)
    reference = 3 * torch.rand(2, 3, 5, 7, generator=generator)
    result, enhanced = reference * 0.5, reference.clamp(0, 1) * 1.2
    batch = Triple(reference.clamp(0, 1), reference.clamp(0, 1), reference, ("a", "b"), torch.ones(2))
    picture = panel(batch, Prediction(result, enhanced)).numpy()
    assert picture.shape == (3, 5, 5 * 7)

    def shown(encoded: torch.Tensor) -> np.ndarray:
        scale = np.percentile(reference[0].double().numpy() ** 2.24, 99)
        return np.log(1 + 5000 * np.tanh(encoded[0].double().numpy() ** 2.24 / scale)) / np.log(5001)

    expected = [
        batch.ldr[0].numpy(),
        enhanced[0].clamp(0, 1).numpy(),
        shown(result),
        shown(reference),
        np.abs(shown(result) - shown(reference)),
    ]
    np.testing.assert_allclose(picture, np.concatenate(expected, axis=-1), atol=1e-4)
    assert panel(batch, Prediction(result)).shape == (3, 5, 4 * 7)


def test_so_many_scenes_are_drawn_per_validation_under_names_that_cannot_clash(
    two_stage, trainer, one_batch, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    run = trainer(callbacks=[ValidationPanels(directory=str(folder), scenes=2)], num_sanity_val_steps=1)
    images = one_batch(3)
    run.fit(two_stage(), images.loader(), torch.utils.data.DataLoader(images, batch_size=1))
    assert sorted(file.name for file in folder.iterdir()) == ["epoch_000_folder_0.png", "epoch_000_folder_1.png"]
    assert Image.open(folder / "epoch_000_folder_0.png").size == (5 * 16, 16)
