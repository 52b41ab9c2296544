import json
from itertools import pairwise

import pytest
import torch
from torch import nn

from f2s_ray.errors import ConfigError, JobError
from f2s_ray.training.log import Log
from f2s_ray.training.task import Task
from f2s_ray.training.trainer import Plan, train


class Stopped(Exception):
    """The machine goes down."""


class Tiny(Task):
    """Two convolutions, a frozen one, and a parameter that is used from the fourth step on."""

    def __init__(self, stop_at=None, spoiled=()):
        super().__init__()
        self.stop_at, self.spoiled = stop_at, spoiled
        self.first, self.frozen, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 3, 3)
        self.frozen.requires_grad_(False)
        self.late = nn.Parameter(torch.zeros(3, 1, 1))

    def batch(self, step):
        if step == self.stop_at:
            raise Stopped
        return torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(step))

    def loss(self, step, picture):
        result = self.second(torch.relu(self.frozen(self.first(picture))))
        if step >= 3:
            result = result + self.late
        value = (result.float() - picture[:, :, 2:-2, 2:-2]).square().mean()
        return value * (float("nan") if step in self.spoiled else 1), {"loss": float(value.detach())}

    def check(self):
        assert not self.training
        with torch.no_grad():
            value = self.loss(1000, self.batch(1000))[1]["loss"]
        return {"held_out": value}, torch.rand(3, 8, 8)

    def save(self):
        raise AssertionError("training does not save")


def task(**how):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Tiny(**how)


def trained(folder, plan, said=None, **how):
    one = task(**how)
    train(one, plan, folder, Log(folder, (lambda line: None) if said is None else said.append))
    return one


def same(first, second):
    return all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def plan(steps=6, *, bfloat16=False):
    return Plan(steps, learning_rate=1e-2, warm_up=2, checkpoint_seconds=-1.0, bfloat16=bfloat16, check_every=4)


@pytest.mark.parametrize("stop_at", [1, 3, 5])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_stopped_training_ends_at_the_same_bits(tmp_path, stop_at, bfloat16):
    whole = trained(tmp_path / "whole", plan(bfloat16=bfloat16))
    with pytest.raises(Stopped):
        trained(tmp_path / "cut", plan(bfloat16=bfloat16), stop_at=stop_at)
    assert same(trained(tmp_path / "cut", plan(bfloat16=bfloat16)), whole)


def test_a_finished_training_is_not_run_again(tmp_path):
    first = trained(tmp_path, plan())
    assert same(trained(tmp_path, plan(), stop_at=6), first)


def test_training_lowers_the_loss_and_spares_what_is_frozen(tmp_path):
    before, after = task(), trained(tmp_path, plan(60))
    assert torch.equal(before.frozen.weight, after.frozen.weight)
    assert not torch.equal(before.first.weight, after.first.weight)
    with torch.no_grad():
        assert after.loss(1000, after.batch(1000))[0] < 0.7 * before.loss(1000, before.batch(1000))[0]
    assert not after.training


def test_checkpoint_log_and_pictures_are_all_that_is_left(tmp_path):
    trained(tmp_path, plan())
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    pictures = ["pictures/step_000004.png", "pictures/step_000006.png"]
    assert left == ["checkpoint.safetensors", "log.jsonl", *pictures]


def test_the_log_tells_step_and_figures(tmp_path):
    said = []
    trained(tmp_path, Plan(60, 1e-2, check_every=40), said)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], "held_out" in line) for line in lines] == [(40, True), (50, False), (60, False), (60, True)]
    assert [json.loads(line) for line in said] == lines


def test_a_step_whose_loss_is_no_number_changes_nothing_and_twenty_in_a_row_end_it(tmp_path):
    lame = trained(tmp_path / "lame", plan(), spoiled=(4,))
    assert all(torch.isfinite(value).all() for value in lame.state_dict().values())
    with pytest.raises(JobError, match="no number since step 2; start again with a lower learning_rate"):
        trained(tmp_path / "dead", plan(60), spoiled=range(2, 60))


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    trained(tmp_path, plan())
    other = task()
    other.first = nn.Conv2d(3, 5, 3)
    with pytest.raises(ConfigError, match="belongs to another training"):
        train(other, plan(), tmp_path, Log(tmp_path, print))


def test_the_rate_warms_up_stays_and_falls_to_nothing():
    schedule = Plan(100, learning_rate=1.0, warm_up=10, cool_down=0.25)
    rates = [schedule.rate(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:76] == [1.0] * 67
    assert all(after < before for before, after in pairwise(rates[75:]))
    assert rates[100] == 0
