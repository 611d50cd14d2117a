import math

import pytest
import torch

from twostage_hdr.losses.adversarial import AdversarialLoss


def bce(logit: float, label: float) -> float:
    """Cross-entropy of a probability, written out."""
    probability = 1 / (1 + math.exp(-logit))
    return -label * math.log(probability) - (1 - label) * math.log(1 - probability)


def test_the_generators_loss_is_cross_entropy_against_one() -> None:
    logits = [-2.0, 0.0, 3.0]
    expected = sum(bce(logit, 1.0) for logit in logits) / 3
    assert AdversarialLoss().generator(torch.tensor(logits)).item() == pytest.approx(expected, rel=1e-6)


def test_a_label_above_one_counts_as_the_formula_says() -> None:
    loss = AdversarialLoss(real_labels=(1.2, 1.2), fake_labels=(0.3, 0.3))
    value = loss.discriminator(torch.tensor([2.0, -1.0]), torch.tensor([0.5, 1.5]))
    expected = (bce(2.0, 1.2) + bce(-1.0, 1.2)) / 2 + (bce(0.5, 0.3) + bce(1.5, 0.3)) / 2
    assert value.item() == pytest.approx(expected, rel=1e-6)


def test_labels_are_uniform_in_the_papers_ranges_and_drawn_per_image() -> None:
    """d BCE / d logit = (sigmoid(logit) - label) / B, so the gradient at logit 0 shows each label."""
    real, fake = torch.zeros(20_000, requires_grad=True), torch.zeros(20_000, requires_grad=True)
    AdversarialLoss().discriminator(real, fake).backward()
    assert real.grad is not None
    assert fake.grad is not None
    for gradient, low, high in ((real.grad, 0.7, 1.2), (fake.grad, 0.0, 0.3)):
        labels = 0.5 - gradient * 20_000
        assert low - 1e-4 <= labels.min() < low + 0.01
        assert high - 0.01 < labels.max() <= high + 1e-4
        assert labels.mean().item() == pytest.approx((low + high) / 2, abs=0.01)
        assert labels.std().item() == pytest.approx((high - low) / math.sqrt(12), rel=0.02)


def test_a_generator_fixes_the_labels_and_leaves_the_global_one_alone() -> None:
    loss, logits = AdversarialLoss(), torch.randn(4)
    state = torch.get_rng_state()
    first, second = (loss.discriminator(logits, logits, torch.Generator().manual_seed(5)) for _ in range(2))
    assert first == second
    assert torch.equal(torch.get_rng_state(), state)


def test_far_logits_give_finite_losses_and_gradients() -> None:
    real, fake = torch.tensor([-500.0, 500.0], requires_grad=True), torch.tensor([-500.0, 500.0], requires_grad=True)
    value = AdversarialLoss().discriminator(real, fake) + AdversarialLoss().generator(fake)
    value.backward()
    assert value.isfinite()
    assert real.grad is not None
    assert fake.grad is not None
    assert torch.cat([real.grad, fake.grad]).isfinite().all()


def test_the_gradients_agree_with_differences_in_float64() -> None:
    loss = AdversarialLoss()
    real, fake = torch.randn(2, 4, dtype=torch.float64).requires_grad_().unbind()

    def discriminator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        return loss.discriminator(real, fake, torch.Generator().manual_seed(1))

    assert torch.autograd.gradcheck(discriminator, (real, fake))
    assert torch.autograd.gradcheck(loss.generator, (fake,))


def test_rank_1_of_2_takes_every_second_label_of_the_whole_batch() -> None:
    loss = AdversarialLoss()

    def labels(rank: int, processes: int, count: int) -> torch.Tensor:
        """From the gradient at logit 0, see above."""
        logits = torch.zeros(count, requires_grad=True)
        loss.discriminator(logits, torch.zeros(count), torch.Generator().manual_seed(3), (rank, processes)).backward()
        assert logits.grad is not None
        return 0.5 - logits.grad * count

    whole = labels(0, 1, 6)
    torch.testing.assert_close(labels(1, 2, 3), whole[1::2])
    torch.testing.assert_close(labels(0, 2, 3), whole[0::2])
