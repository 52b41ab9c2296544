import pytest
import torch
from safetensors.torch import save_file

from f2s_ray.errors import ConfigError
from f2s_ray.evaluation.peer import Peer, RRDBNet


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("peer") / "peer.safetensors"
    save_file(RRDBNet().state_dict(), file)
    return file


def test_the_network_is_that_of_the_published_weights():
    network = RRDBNet()
    assert sum(values.numel() for values in network.parameters()) == 16_697_987
    assert len([name for name in network.state_dict() if name.endswith("weight")]) == 351


def test_a_result_has_the_size_of_the_picture_and_is_kept(weights, tmp_path):
    rgb = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(1))
    peer = Peer(weights, tmp_path / "kept")
    first = peer(rgb)
    assert first.shape == (3, 16, 24)
    (kept,) = (tmp_path / "kept").iterdir()
    stamp = kept.stat().st_mtime_ns
    assert torch.equal(peer(rgb), first)
    assert kept.stat().st_mtime_ns == stamp
    peer(rgb.flip(1))
    assert len(list((tmp_path / "kept").iterdir())) == 2


@pytest.mark.parametrize("content", [None, b"not a network"])
def test_what_is_no_such_network_is_the_users_mistake(tmp_path, content):
    if content:
        (tmp_path / "peer.safetensors").write_bytes(content)
    with pytest.raises(ConfigError, match="--peer"):
        Peer(tmp_path / "peer.safetensors", tmp_path / "kept")


def test_another_network_is_the_users_mistake(tmp_path):
    save_file({"conv_first.weight": torch.zeros(1)}, tmp_path / "peer.safetensors")
    with pytest.raises(ConfigError, match="x4plus"):
        Peer(tmp_path / "peer.safetensors", tmp_path / "kept")
