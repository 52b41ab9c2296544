import pytest
import torch
from diffusers import DDPMScheduler
from safetensors import safe_open
from safetensors.torch import save_file

from benchmarks.compute import parameters
from f2s_ray.errors import JobError
from f2s_ray.models import networks
from f2s_ray.models.full_base import ADAPTERS
from f2s_ray.models.full_scene import FullSceneConfig, fresh, load, save
from f2s_ray.models.mapnet import TOKENS
from f2s_ray.models.sd_turbo import load_networks
from tests.models.tiny_turbo import CONFIG, WIDTH, save_full, save_turbo, train

PICTURE = torch.rand(2, 3, 64, 128, generator=torch.Generator().manual_seed(0))


def some_tokens(count, batch=2):
    return torch.randn(batch, count, WIDTH, generator=torch.Generator().manual_seed(count))


def by_hand(base, picture, words):
    """Image to image with diffusers alone: the mode of the latent, the UNet at 999, one step of its scheduler."""
    parts = load_networks(base)
    for part in (parts.unet, parts.vae):
        part.requires_grad_(False)  # it decides the last bit even where no gradient is asked for
    scheduler = DDPMScheduler.from_pretrained(base / "scheduler")
    scheduler.set_timesteps(1)
    assert scheduler.timesteps.tolist() == [999]
    pixels = (2 * picture - 1).contiguous(memory_format=torch.channels_last)  # what decides the last bit
    latent = parts.vae.encode(pixels).latent_dist.mode() * parts.vae.config.scaling_factor
    step = torch.full((len(picture),), 999)
    predicted = parts.unet(latent, step, words.repeat(len(picture), 1, 1)).sample
    clean = scheduler.step(predicted, 999, latent, generator=torch.Generator()).prev_sample
    return parts.vae.decode(clean / parts.vae.config.scaling_factor).sample / 2 + 0.5


@pytest.fixture
def untrained(turbo):
    return fresh(CONFIG.model_copy(update={"guidance": 1.0}), turbo).eval().requires_grad_(False)


@pytest.fixture
def trained(turbo):
    return train(fresh(CONFIG, turbo)).eval()


# What it computes


@torch.no_grad()
def test_untrained_and_without_tokens_it_is_plain_sd_turbo(turbo, untrained):
    plain = by_hand(turbo, PICTURE, untrained.text[:1])
    assert torch.equal(untrained(PICTURE, some_tokens(0)), plain)
    assert plain.std() > 0.01


@torch.no_grad()
def test_untrained_and_blind_it_is_sd_turbo_that_reads_the_null_tokens_too(turbo, untrained):
    assert untrained.null.shape == (1, TOKENS, WIDTH)
    plain = by_hand(turbo, PICTURE, torch.cat([untrained.text[:1], untrained.null], 1))
    assert torch.equal(untrained(PICTURE, None), plain)
    assert torch.equal(untrained(PICTURE, untrained.null.expand(2, -1, -1)), plain)


def test_one_step_of_the_scheduler_is_the_closed_form_exactly(turbo):
    parts = load_networks(turbo)
    scheduler = DDPMScheduler.from_pretrained(turbo / "scheduler")
    scheduler.set_timesteps(1)
    latent, predicted = torch.randn(2, 1, 4, 16, 16, generator=torch.Generator().manual_seed(3))
    stepped = scheduler.step(predicted, 999, latent, generator=torch.Generator())
    closed = (latent - parts.noise * predicted) / parts.signal
    assert torch.equal(closed, stepped.pred_original_sample)
    assert torch.equal(closed, stepped.prev_sample)
    assert parts.signal == pytest.approx(0.06826, abs=1e-5)


@torch.no_grad()
def test_without_guidance_the_negative_prompt_is_not_looked_at(turbo):
    restorer = train(fresh(CONFIG.model_copy(update={"guidance": 1.0}), turbo)).eval()
    positive = restorer.unguided(PICTURE, some_tokens(21), torch.zeros(2, dtype=torch.bool))
    assert torch.equal(restorer(PICTURE, some_tokens(21)), positive)
    restorer.text[1].fill_(float("nan"))
    assert torch.equal(restorer(PICTURE, some_tokens(21)), positive)


@torch.no_grad()
def test_guidance_leads_away_from_the_negative_prompt(trained):
    yes, no = (trained.unguided(PICTURE, None, torch.full((2,), flag)) for flag in (False, True))
    guided = trained(PICTURE, None)
    assert not torch.equal(guided, yes)
    assert ((guided - yes) * (yes - no)).sum() > 0


@torch.no_grad()
def test_equal_prompts_make_guidance_do_nothing(trained):
    trained.text[1] = trained.text[0]
    positive = trained.unguided(PICTURE, None, torch.zeros(2, dtype=torch.bool))
    assert torch.allclose(trained(PICTURE, None), positive, atol=1e-4)


@torch.no_grad()
def test_each_sample_of_a_batch_sees_its_own_prompt(trained):
    mixed = trained.unguided(PICTURE, None, torch.tensor([False, True]))
    yes, no = (trained.unguided(PICTURE, None, torch.full((2,), flag)) for flag in (False, True))
    assert torch.allclose(mixed, torch.stack([yes[0], no[1]]), atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("count", [0, 1, 21, 42])
def test_any_number_of_tokens_is_read(trained, count):
    told, blind = trained(PICTURE, some_tokens(count)), trained(PICTURE, None)
    assert told.shape == PICTURE.shape
    assert torch.isfinite(told).all()
    assert (told - blind).abs().max() > 1e-5


@torch.no_grad()
def test_the_same_picture_gives_the_same_bits(turbo, trained):
    again = train(fresh(CONFIG, turbo)).eval()
    assert torch.equal(trained(PICTURE, some_tokens(21)), again(PICTURE, some_tokens(21)))
    assert torch.equal(trained(PICTURE, None), trained(PICTURE, None))


# What trains


def test_a_backward_pass_reaches_exactly_what_trains(trained):
    trained.train()
    negative = torch.tensor([False, True])
    trained.unguided(PICTURE, None, negative).square().mean().backward()
    reached = {name for name, one in trained.named_parameters() if one.grad is not None and one.grad.abs().max() > 0}
    assert reached == trained.trainable().keys()


def test_lora_conv_in_and_null_tokens_train_and_nothing_else(trained):
    names = trained.trainable().keys()
    rest = {name for name in names if "lora_" not in name}
    assert rest == {"null", "unet.conv_in.weight", "unet.conv_in.bias"}
    assert any(name.startswith("vae.encoder.") for name in names)
    assert not any(name.startswith("vae.decoder.") for name in names)


def test_sd_turbos_own_shape_has_the_published_counts():
    counted = parameters()
    assert counted["SD-Turbo's UNet"] == pytest.approx(865.9, abs=0.05)
    assert counted["SD-Turbo's VAE"] == pytest.approx(83.7, abs=0.05)
    assert counted["LoRA of the UNet"] == pytest.approx(32.43, abs=0.005)
    assert counted["LoRA of the VAE's encoder"] == pytest.approx(1.48, abs=0.005)


# The file


@torch.no_grad()
def test_adapters_come_back_from_one_file(turbo, trained, tmp_path):
    path = save(CONFIG, trained, tmp_path)
    assert path.name == "scene_adapters.safetensors"
    with safe_open(path, "pt") as stored:
        assert set(stored.keys()) == {*trained.trainable(), "text"}
    loaded = load(tmp_path, turbo, "cpu")
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    tokens = some_tokens(21)
    effect = (trained(PICTURE, tokens) - fresh(CONFIG, turbo).eval()(PICTURE, tokens)).abs().max()
    assert (loaded(PICTURE, tokens) - trained(PICTURE, tokens)).abs().max() < 0.01 * effect


@torch.no_grad()
def test_merged_adapters_restore_alike_and_leave_sd_turbos_layers(turbo, trained):
    before = trained(PICTURE, None)
    trained.merge()
    assert torch.allclose(trained(PICTURE, None), before, atol=1e-4)
    plain = load_networks(turbo).unet
    assert trained.unet.state_dict().keys() == plain.state_dict().keys()


def test_missing_adapters_are_named(turbo, tmp_path):
    with pytest.raises(JobError, match=r"scene_adapters\.safetensors is missing"):
        load(tmp_path, turbo, "cpu")


def test_adapters_of_another_base_are_refused(trained, tmp_path):
    save_turbo(tmp_path / "wide", width=64)
    save(CONFIG, trained, tmp_path)
    with pytest.raises(JobError, match="does not fit"):
        load(tmp_path, tmp_path / "wide", "cpu")


@pytest.mark.parametrize("change", ["fewer", "more", "other"])
def test_adapters_that_are_not_whole_are_refused(turbo, trained, tmp_path, change):
    tensors = {name: value.detach() for name, value in trained.trainable().items()} | {"text": trained.text}
    if change == "fewer":
        del tensors["null"]
    elif change == "more":
        tensors["unet.conv_out.bias"] = torch.zeros(4)
    else:
        tensors["null"] = torch.zeros(1, 3, WIDTH)
    metadata = networks.label(ADAPTERS, CONFIG)
    save_file(tensors, tmp_path / f"{ADAPTERS}.safetensors", metadata=metadata)
    with pytest.raises(JobError, match="does not fit"):
        load(tmp_path, turbo, "cpu")


def test_another_network_under_the_name_of_the_adapters_is_refused(turbo, tmp_path):
    save_full(tmp_path, turbo)
    (tmp_path / "mapnet.safetensors").replace(tmp_path / f"{ADAPTERS}.safetensors")
    with pytest.raises(JobError, match="holds mapnet"):
        load(tmp_path, turbo, "cpu")


def test_ranks_and_prompts_travel_with_the_adapters(turbo, trained, tmp_path):
    path = save(CONFIG, trained, tmp_path)
    config, _ = networks.read(ADAPTERS, FullSceneConfig, path)
    assert config == CONFIG
