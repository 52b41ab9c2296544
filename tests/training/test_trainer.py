import json
from itertools import pairwise

import pytest
import torch
from torch import nn

from f2s_ray.training.trainer import Plan, train


class Tiny(nn.Module):
    """Two convolutions, a frozen one, and a parameter that is used from the fourth step on."""

    def __init__(self):
        super().__init__()
        self.first, self.frozen, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 3, 3)
        self.frozen.requires_grad_(False)
        self.late = nn.Parameter(torch.zeros(3, 1, 1))


class Stopped(Exception):
    """The machine goes down."""


def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Tiny()


def loss_of(net, stop_at=None):
    def loss(step):
        if step == stop_at:
            raise Stopped
        picture = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(step))
        result = net.second(torch.relu(net.frozen(net.first(picture))))
        if step >= 3:
            result = result + net.late
        value = (result.float() - picture[:, :, 2:-2, 2:-2]).square().mean()
        return value, {"loss": float(value.detach())}

    return loss


def trained(folder, plan, *, stop_at=None):
    net = network()
    train(net, loss_of(net, stop_at), plan, folder, lambda line: None)
    return net


def same(first, second):
    return all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def plan(steps=6, *, bfloat16=False):
    return Plan(steps, learning_rate=1e-2, warm_up=2, checkpoint_seconds=-1.0, bfloat16=bfloat16)


@pytest.mark.parametrize("stop_at", [1, 3, 5])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_stopped_training_ends_at_the_same_bits(tmp_path, stop_at, bfloat16):
    whole = trained(tmp_path / "whole", plan(bfloat16=bfloat16))
    with pytest.raises(Stopped):
        trained(tmp_path / "cut", plan(bfloat16=bfloat16), stop_at=stop_at)
    assert same(trained(tmp_path / "cut", plan(bfloat16=bfloat16)), whole)


def test_a_finished_training_is_not_run_again(tmp_path):
    first = trained(tmp_path, plan())
    net = network()

    def never(step):
        raise AssertionError(step)

    train(net, never, plan(), tmp_path, lambda line: None)
    assert same(net, first)


def test_training_lowers_the_loss_and_spares_what_is_frozen(tmp_path):
    before, after = network(), trained(tmp_path, plan(60))
    assert torch.equal(before.frozen.weight, after.frozen.weight)
    assert not torch.equal(before.first.weight, after.first.weight)
    with torch.no_grad():
        assert loss_of(after)(1000)[0] < 0.7 * loss_of(before)(1000)[0]
    assert not after.training


def test_nothing_but_checkpoint_and_log_is_left_behind(tmp_path):
    trained(tmp_path, plan())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.safetensors", "log.jsonl"]


def test_the_log_tells_step_and_figures(tmp_path):
    told = []
    net = network()
    train(net, loss_of(net), plan(60), tmp_path, told.append)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [50, 60]
    assert all(set(line) == {"step", "seconds", "loss"} for line in lines)
    assert [json.loads(line) for line in told] == lines


def test_the_rate_warms_up_stays_and_falls_to_nothing():
    schedule = Plan(100, learning_rate=1.0, warm_up=10, cool_down=0.25)
    rates = [schedule.rate(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:76] == [1.0] * 67
    assert all(after < before for before, after in pairwise(rates[75:]))
    assert rates[100] == 0
