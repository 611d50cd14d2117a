from threading import Barrier, get_ident

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from twostage_hdr.inference.tiled import encoded, tiled_rows, worker_pool
from twostage_hdr.networks.row_plan import row_plan
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork


def assert_tiles_equal_the_whole_image(network: nn.Module, ldr: np.ndarray, tile: int) -> None:
    radius = row_plan(network).radius
    assert radius is not None
    with torch.inference_mode():
        whole = network(encoded(ldr))[0].permute(1, 2, 0).numpy()
    bands = list(tiled_rows([(network, torch.device("cpu"))], ldr, radius=radius, tile=tile))
    assert [top for top, _ in bands] == list(range(0, ldr.shape[0], tile))
    np.testing.assert_allclose(np.concatenate([band for _, band in bands]), whole, rtol=0, atol=1e-5)


def photograph(height: int, width: int, dtype: type = np.uint8) -> np.ndarray:
    return (
        np.random.default_rng(height * 1000 + width).integers(0, np.iinfo(dtype).max, (height, width, 3)).astype(dtype)
    )


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 60), width=st.integers(1, 60), tile=st.integers(8, 70))
def test_any_tile_of_any_image_gives_the_whole_images_result(height: int, width: int, tile: int) -> None:
    network = TwoStageNetwork(features=8, growth=4)
    assert_tiles_equal_the_whole_image(network, photograph(height, width), tile)


def test_tiles_of_one_pixel_do_as_well() -> None:
    assert_tiles_equal_the_whole_image(Stage(features=4, growth=4, blocks=1), photograph(5, 6, np.uint16), 1)


def test_each_piece_of_work_gets_a_thing_that_nobody_else_has_meanwhile() -> None:
    together, seen = Barrier(2), []

    def work(thing: str) -> None:
        together.wait(10)
        seen.append((thing, torch.is_inference_mode_enabled()))
        together.wait(10)

    with worker_pool(["a", "b"]) as run_all:
        run_all([work] * 4)
    assert sorted(seen[:2]) == sorted(seen[2:]) == [("a", True), ("b", True)]


def test_a_failure_is_raised_and_the_thing_is_lent_again() -> None:
    def fail(_: str) -> None:
        raise ZeroDivisionError

    done: list[str] = []
    with worker_pool(["only"]) as run_all:
        with pytest.raises(ZeroDivisionError):
            run_all([fail])
        run_all([done.append])
    assert done == ["only"]


def test_every_thread_is_set_up() -> None:
    prepared, together = set(), Barrier(2)
    with worker_pool([0, 1], initializer=lambda: prepared.add(get_ident())) as run_all:
        run_all([lambda _: together.wait(10)] * 2)
    assert len(prepared) == 2
