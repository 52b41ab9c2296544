import math

import pytest
import torch

from f2s_ray.models import weights
from f2s_ray.training.looks import Appearance, Reversed
from f2s_ray.training.recipe import Looks


@pytest.fixture(scope="module", autouse=True)
def vgg():
    weights.pull([weights.VGG])


def appearance(perceptual=1.0, adversarial=0.0):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Appearance(Looks(begin=0.0, perceptual=perceptual, adversarial=adversarial))


def picture(seed, side=112):
    coarse = torch.rand(1, 3, 14, 14, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=side, mode="bicubic").clamp(0, 1)


def told(looks, result, clean):
    return looks(result, clean, torch.Generator().manual_seed(0))


def test_the_truth_looks_like_the_truth_and_blur_does_not():
    looks, clean = appearance(), picture(0)
    blurred = torch.nn.functional.avg_pool2d(clean, 5, 1, 2)
    assert float(told(looks, clean, clean)[0]) == pytest.approx(0, abs=1e-6)
    assert float(told(looks, blurred, clean)[0]) > 0.005


def test_a_step_along_the_gradient_looks_better():
    looks, clean = appearance(), picture(0)
    result = picture(1).requires_grad_()
    before, _ = told(looks, result, clean)
    before.backward()
    after, _ = told(looks, result.detach() - 0.02 * result.grad.sign(), clean)
    assert float(after) < float(before)


def test_only_the_critic_is_trained_and_stored():
    assert not list(appearance().parameters())
    assert {name.split(".")[0] for name in appearance(adversarial=0.1).state_dict()} == {"heads"}


def test_the_critic_learns_while_the_result_is_pushed_to_deceive_it():
    looks, clean, result = appearance(0.0, 1.0), picture(0), picture(1)
    optimizer = torch.optim.Adam(looks.heads.parameters(), 1e-2)
    errors = []
    for _ in range(15):
        value, figures = told(looks, result, clean)
        errors.append(figures["critic"])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    assert errors[0] == pytest.approx(math.log(2), abs=0.1)
    assert errors[-1] < errors[0] - 0.03
    pushed = result.clone().requires_grad_()
    value, _ = told(looks, pushed, clean)
    value.backward()
    _, deceived = told(looks, result - 0.02 * pushed.grad.sign(), clean)
    assert deceived["critic"] > errors[-1]


def test_a_reversed_gradient_is_the_opposite():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (3 * Reversed.apply(x)).sum().backward()
    assert x.grad.tolist() == [-3.0, -3.0]
