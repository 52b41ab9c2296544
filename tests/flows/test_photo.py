"""What a step's fingerprint must hold."""

import shutil

import pytest

from f2s_ray.flows.photo import PhotoConfig, plan_flow
from f2s_ray.models import networks
from f2s_ray.models.face2scene import Face2SceneConfig
from tests.models.tiny import CONFIGS, made


@pytest.mark.parametrize("kind", sorted(networks.KINDS))
def test_codes_are_read_again_when_any_network_that_has_a_part_changes(tiny_weights, tmp_path, kind):
    other = tmp_path / "weights"
    shutil.copytree(tiny_weights, other)
    network = made(kind)
    next(iter(network.parameters())).data.add_(1.0)
    networks.save(kind, CONFIGS[kind], network, other / f"{kind}.safetensors")

    def estimator(folder):
        config = PhotoConfig(model=Face2SceneConfig(weights=str(folder)))
        (step,) = [step for step in plan_flow(config, tmp_path, tmp_path) if step.name == "estimate"]
        return step.config.estimator

    assert estimator(other) != estimator(tiny_weights)
