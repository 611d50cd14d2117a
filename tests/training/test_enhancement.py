import pytest
import torch


@pytest.mark.parametrize("game", [True, False])
def test_its_loss_falls_when_it_overfits_one_batch(enhancement, fit, game: bool) -> None:
    curve = fit(enhancement() if game else enhancement(discriminator=None), 40)
    loss = curve["train/enhancement/loss"]
    assert loss[-1] < 0.7 * loss[0]


def test_the_discriminator_learns_and_stage_one_is_all_that_the_weights_are(enhancement, fit, snapshot) -> None:
    module = enhancement()
    before = snapshot(module.discriminator)
    curve = fit(module, 5)
    assert not torch.equal(before, snapshot(module.discriminator))
    assert [part.name for part in module.optimized_parts()] == ["enhancement", "discriminator"]
    assert {
        "train/enhancement/loss",
        "train/enhancement/l1",
        "train/enhancement/structure",
        "train/enhancement/adversarial",
        "train/enhancement/gradient_norm",
        "train/enhancement/lr",
        "train/discriminator/loss",
        "train/discriminator/gradient_norm",
        "train/discriminator/lr",
    } <= set(curve.steps[-1])


def test_its_result_is_stage_ones_image_scored_against_the_8_bit_reference(enhancement, one_batch) -> None:
    module = enhancement()
    ldr = one_batch(1).batch.ldr
    prediction = module.predict(ldr)
    assert torch.equal(prediction.result, module.network(ldr))
    assert prediction.enhanced is None
    assert module.target == "reference8"


def test_it_learns_from_the_8_bit_reference(enhancement, fit, one_batch) -> None:
    module, batch = enhancement(discriminator=None), one_batch(1).batch
    with torch.no_grad():
        enhanced = module.network(batch.ldr)
        expected = (enhanced - batch.reference8).abs().mean() + module.objective.reconstruction.terms["structure"](
            enhanced, batch.reference8
        )
    assert not torch.equal(batch.reference8, batch.reference16)
    assert fit(module, 1)["train/enhancement/loss"] == pytest.approx([expected.item()], rel=1e-5)
