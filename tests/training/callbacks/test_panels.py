from pathlib import Path

import numpy as np
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image

from twostage_hdr.data.triple import Triple
from twostage_hdr.training.callbacks.panels import ExposureStrip, ValidationPanels, comparison_strip, panel
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
    assert sorted(file.name for file in folder.iterdir()) == ["epoch_001_folder_0.png", "epoch_001_folder_1.png"]
    width, height = Image.open(folder / "epoch_001_folder_0.png").size
    assert (width, height > 16) == (5 * 16, True)  # a bar above says what the columns are


def test_each_column_is_the_clipped_photograph_at_its_exposure() -> None:
    generator = torch.Generator().manual_seed(0)
    reference = 4 * torch.rand(3, 6, 10, generator=generator)
    result = reference * 0.7 - 0.1
    picture = comparison_strip(result, reference, (-4, 0)).numpy()
    assert picture.shape == (3, 2 * 6, 2 * 10)

    def photograph(encoded: torch.Tensor, stops: int) -> np.ndarray:
        linear = np.maximum(encoded.double().numpy(), 0) ** 2.24 * 2.0**stops
        return np.minimum(linear, 1) ** (1 / 2.24)

    rows = [np.concatenate([photograph(image, stop) for stop in (-4, 0)], axis=-1) for image in (result, reference)]
    np.testing.assert_allclose(picture, np.concatenate(rows, axis=-2), atol=1e-5)


def test_large_images_are_averaged_down_in_linear_light() -> None:
    black_and_white = torch.zeros(3, 4, 8)
    black_and_white[..., ::2] = 1.0
    picture = comparison_strip(black_and_white, black_and_white, (0,), max_side=4)
    assert picture.shape == (3, 2 * 2, 4)
    torch.testing.assert_close(picture, torch.full_like(picture, 0.5 ** (1 / 2.24)))


def test_loggers_that_show_pictures_get_them(two_stage, trainer, one_batch, tmp_path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    images = one_batch(3)
    run = trainer(
        callbacks=[ExposureStrip(stops=(-2, 0), scenes=2)], logger=TensorBoardLogger(tmp_path, name="", version="")
    )
    run.fit(two_stage(), images.loader(), torch.utils.data.DataLoader(images, batch_size=1))
    run.logger.experiment.flush()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert sorted(events.Tags()["images"]) == ["exposures/folder_0", "exposures/folder_1"]
    shown = events.Images("exposures/folder_0")[0]
    assert (shown.width, shown.height > 2 * 16) == (2 * 16, True)
