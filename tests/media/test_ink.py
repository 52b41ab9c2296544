import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from f2s_ray.media.ink import ink_from_rgb, rgb_from_ink


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_unchanged_colours_need_no_other_ink(seed: int) -> None:
    ink = torch.randint(0, 256, (4, 8, 8), generator=torch.Generator().manual_seed(seed)) / 255
    assert torch.equal(ink_from_rgb(rgb_from_ink(ink), ink), ink)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_new_ink_shows_the_new_colours(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    ink, rgb = torch.rand(4, 8, 8, generator=generator), torch.rand(3, 8, 8, generator=generator)
    assert (rgb_from_ink(ink_from_rgb(rgb, ink)) - rgb).abs().max() <= 0.5 / 255 + 1e-5


def test_black_ink_gives_way_only_to_brighter_colours() -> None:
    ink = torch.tensor([0.0, 0.0, 0.0, 0.6]).view(4, 1, 1)
    assert ink_from_rgb(torch.full((3, 1, 1), 0.2), ink)[3] == 0.6
    torch.testing.assert_close(ink_from_rgb(torch.full((3, 1, 1), 0.8), ink).flatten(), torch.tensor([0, 0, 0, 0.2]))
