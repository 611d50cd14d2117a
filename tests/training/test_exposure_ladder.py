import numpy as np
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from twostage_hdr.training.exposure_ladder import ExposureLadder, ladder


def test_each_column_is_the_clipped_photograph_at_its_exposure() -> None:
    generator = torch.Generator().manual_seed(0)
    reference = 4 * torch.rand(3, 6, 10, generator=generator)
    result = reference * 0.7 - 0.1
    picture = ladder(result, reference, (-4, 0)).numpy()
    assert picture.shape == (3, 2 * 6, 2 * 10)

    def photograph(encoded: torch.Tensor, stops: int) -> np.ndarray:
        linear = np.maximum(encoded.double().numpy(), 0) ** 2.24 * 2.0**stops
        return np.minimum(linear, 1) ** (1 / 2.24)

    rows = [np.concatenate([photograph(image, stop) for stop in (-4, 0)], axis=-1) for image in (result, reference)]
    np.testing.assert_allclose(picture, np.concatenate(rows, axis=-2), atol=1e-5)


def test_large_images_are_averaged_down_in_linear_light() -> None:
    black_and_white = torch.zeros(3, 4, 8)
    black_and_white[..., ::2] = 1.0
    picture = ladder(black_and_white, black_and_white, (0,), max_side=4)
    assert picture.shape == (3, 2 * 2, 4)
    torch.testing.assert_close(picture, torch.full_like(picture, 0.5 ** (1 / 2.24)))


def test_loggers_that_show_pictures_get_them(two_stage, trainer, one_batch, tmp_path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    images = one_batch(3)
    run = trainer(
        callbacks=[ExposureLadder(stops=(-2, 0), scenes=2)], logger=TensorBoardLogger(tmp_path, name="", version="")
    )
    run.fit(two_stage(), images.loader(), torch.utils.data.DataLoader(images, batch_size=1))
    run.logger.experiment.flush()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert sorted(events.Tags()["images"]) == ["exposures/folder_0", "exposures/folder_1"]
    shown = events.Images("exposures/folder_0")[0]
    assert (shown.width, shown.height) == (2 * 16, 2 * 16)
