"""What every metric class does: accumulate over batches, calls and processes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from twostage_hdr.metrics.delta_e import DeltaE, EncodedDeltaE
from twostage_hdr.metrics.mu_psnr import MuPSNR
from twostage_hdr.metrics.per_image import PerImageMetric
from twostage_hdr.metrics.psnr import PSNR
from twostage_hdr.metrics.pu21_psnr import PU21PSNR
from twostage_hdr.metrics.pu21_ssim import PU21SSIM
from twostage_hdr.metrics.ssim import SSIM, EncodedSSIM

METRICS = [PSNR, MuPSNR, PU21PSNR, PU21SSIM, SSIM, EncodedSSIM, DeltaE, EncodedDeltaE]


class _MeanDifference(PerImageMetric):
    """A metric whose values are known without computing."""

    title, unit, higher_is_better = "difference", "", False

    @staticmethod
    def score(prediction: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        return (prediction - reference).mean((1, 2, 3))


def _images(*levels: float) -> torch.Tensor:
    return torch.tensor(levels)[:, None, None, None].expand(-1, 3, 2, 2)


def test_each_image_counts_once_whatever_its_batch() -> None:
    metric = _MeanDifference()
    metric.update(_images(1, 2, 3), _images(0, 0, 0))
    metric.update(_images(10), _images(0))
    assert metric.compute().item() == 4
    assert metric.values == [1, 2, 3, 10]


def test_forward_returns_the_batchs_mean_and_keeps_accumulating() -> None:
    metric = _MeanDifference()
    assert metric(_images(1, 3), _images(0, 0)).item() == 2
    assert metric(_images(8), _images(0)).item() == 8
    assert metric.compute().item() == 4
    assert metric.values == [1, 3, 8]


def test_reset_forgets_everything() -> None:
    metric = _MeanDifference()
    metric.update(_images(5), _images(0))
    metric.reset()
    assert metric.values == []
    metric.update(_images(1), _images(0))
    assert metric.compute().item() == 1


def test_a_nan_is_not_washed_away() -> None:
    metric = _MeanDifference()
    metric.update(_images(1, float("nan")), _images(0, 0))
    assert metric.compute().isnan()


def test_half_precision_is_judged_in_single_precision() -> None:
    reference = torch.rand(1, 3, 16, 16)
    prediction = (reference + 0.01).bfloat16()
    metric, expected = PSNR(), PSNR()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        metric.update(prediction, reference)
    expected.update(prediction.float(), reference)
    assert metric.compute().item() == expected.compute().item()


def test_values_keep_no_graph() -> None:
    metric = PSNR()
    metric.update(torch.rand(1, 3, 4, 4, requires_grad=True), torch.rand(1, 3, 4, 4))
    assert not metric.compute().requires_grad


@pytest.mark.parametrize("shapes", [((1, 3, 4, 4), (1, 3, 4, 5)), ((3, 4, 4), (3, 4, 4)), ((1, 1, 4, 4), (1, 1, 4, 4))])
def test_other_shapes_are_refused_with_what_was_seen(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError) as caught:
        PSNR().update(torch.rand(shapes[0]), torch.rand(shapes[1]))
    assert all(str(shape) in str(caught.value) for shape in shapes)


@pytest.mark.parametrize("metric", METRICS)
def test_a_worse_image_is_worse_in_the_stated_direction(metric: type[PerImageMetric]) -> None:
    reference = torch.rand(1, 3, 24, 24)
    noise = torch.randn_like(reference)
    slightly, badly = metric(), metric()
    slightly.update((reference + 0.01 * noise).clamp(min=0), reference)
    badly.update((reference + 0.2 * noise).clamp(min=0), reference)
    assert (slightly.compute() > badly.compute()).item() is metric.higher_is_better
    assert metric.title
    assert metric.unit in ("dB", "")


def test_titles_tell_the_metrics_apart() -> None:
    assert len({metric.title for metric in METRICS}) == len(METRICS)


SCRIPT = """
import sys, torch, torch.distributed as dist
from twostage_hdr.metrics.pu21_ssim import PU21SSIM
from twostage_hdr.metrics.psnr import PSNR
rank, levels, store = int(sys.argv[1]), [float(x) for x in sys.argv[3].split()], sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
metric, reference = PSNR(), torch.ones(1, 3, 2, 2)
for level in levels:
    metric.update(reference + level, reference)
mean = metric.compute().item()
with metric.sync_context():
    everywhere = sorted(round(value) for value in metric.values)
print(round(mean, 3), everywhere, [round(value) for value in metric.values])
dist.destroy_process_group()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second", "mean", "union"),
    [("0.1 0.01", "1.0", "20.0", [0, 20, 40]), ("0.1 0.01", "", "30.0", [20, 40])],
    ids=["uneven", "one process without images"],
)
def test_two_processes_report_the_mean_over_all_images(
    tmp_path: Path, first: str, second: str, mean: str, union: list[int]
) -> None:
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT]
    processes = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store"), levels], stdout=subprocess.PIPE, text=True)
        for rank, levels in enumerate((first, second))
    ]
    output = [process.communicate(timeout=900)[0].strip() for process in processes]
    local = [[20, 40], [0] if second else []]
    assert output == [f"{mean} {union} {local[rank]}" for rank in (0, 1)]
