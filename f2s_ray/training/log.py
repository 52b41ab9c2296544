"""What a training shows while it runs: a line now and then, a file of figures, pictures, TensorBoard if wanted."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from f2s_ray.errors import ConfigError

__all__ = ["Log"]


class Log:
    """Figures to ``log.jsonl`` and to ``say``, pictures to ``pictures/``, all of it to TensorBoard where asked."""

    def __init__(self, folder: Path, say: Callable[[str], None], *, tensorboard: bool = False) -> None:
        """Raises: ConfigError when TensorBoard is asked for and not installed."""
        self._folder, self.say = folder, say
        self._board = None
        if tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise ConfigError("--tensorboard needs TensorBoard; run: pip install 'f2s-ray[train]'") from error
            self._board = SummaryWriter(str(folder / "tensorboard"))

    def figures(self, step: int, figures: Mapping[str, float]) -> None:
        """One line."""
        line = json.dumps({"step": step, **{name: round(value, 5) for name, value in figures.items()}})
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "log.jsonl").open("a") as stream:
            stream.write(line + "\n")
        self.say(line)
        for name, value in figures.items() if self._board else ():
            self._board.add_scalar(name, value, step)  # type: ignore[union-attr]

    def picture(self, step: int, rgb: Float[Tensor, "3 h w"]) -> None:
        """``pictures/step_000500.png``."""
        folder = self._folder / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        stored = (rgb.float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        Image.fromarray(stored).save(folder / f"step_{step:06d}.png")
        if self._board:
            self._board.add_image("held out", rgb.float().clamp(0, 1), step)
