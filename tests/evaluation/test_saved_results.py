from pathlib import Path

import torch

from tests.refusal import refusal_of
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.methods import FolderMethod, LdrIdentity
from twostage_hdr.evaluation.saved_results import SavedResults, file_name


def triple(scene: str = "places/street 1.exr") -> Triple:
    reference = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(3)) * 2
    frame = torch.arange(3 * 16 * 24).reshape(3, 16, 24) % 256 / 255  # every 8-bit value
    return Triple(frame, reference.clamp(max=1), reference, scene, torch.tensor(1.0))


def saved(folder: Path, one: Triple) -> SavedResults:
    results = SavedResults(folder)
    results.save(one, "ldr", LdrIdentity().reconstruct(one.ldr, scene=str(one.scene)))
    return results


def test_scene_ids_become_file_names() -> None:
    assert file_name("places/street 1.exr") == "places_street_1"


def test_the_frame_comes_back_bit_for_bit_and_the_reference_to_half_precision(tmp_path: Path) -> None:
    one = triple()
    results = saved(tmp_path, one)
    assert torch.equal(results.frame(str(one.scene)), one.ldr)
    torch.testing.assert_close(
        results.linear("reference", str(one.scene)), one.reference16**2.24, rtol=2**-10, atol=1e-7
    )


def test_a_methods_folder_can_be_compared_again(tmp_path: Path) -> None:
    one = triple()
    results = saved(tmp_path, one)
    linear = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(4)) * 5
    results.save(one, "net", linear)
    again = FolderMethod(folder=tmp_path / "net", name="again", title="Again")
    torch.testing.assert_close(again.reconstruct(one.ldr, scene=str(one.scene)), linear, rtol=2**-10, atol=1e-7)


def test_what_would_replace_another_file_is_refused(tmp_path: Path) -> None:
    results = saved(tmp_path, triple("a/b.exr"))
    with refusal_of("save_results", "'a/b.exr'", "'a_b.hdr'"):
        results.save(triple("a_b.hdr"), "ldr", torch.zeros(3, 16, 24))
    with refusal_of("methods", "'reference'"):
        results.save(triple("a/b.exr"), "reference", torch.zeros(3, 16, 24))


def test_what_was_not_saved_is_told_with_the_cure(tmp_path: Path) -> None:
    with refusal_of(SavedResults(tmp_path).path("net", "street"), "save_results=true"):
        SavedResults(tmp_path).linear("net", "street")
