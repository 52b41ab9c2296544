"""A face in a picture to a unit vector, through insightface's own alignment and ArcFace code.

SFace by default; any ArcFace ``.onnx`` (buffalo_l and the like) when its path is given. The vector is as long as the
network makes it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from f2s_catalog.ids import file_digest
from insightface.model_zoo import ArcFaceONNX, get_model
from insightface.utils import face_align
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from f2s_ray.errors import ConfigError
from f2s_ray.media.muted import muted
from f2s_ray.models import weights
from f2s_ray.models.face_detector import to_bgr

__all__ = ["FaceEmbedder", "FaceEmbedderConfig", "network_name"]

CROP_PX = 112
ONLY_ERRORS = 3
# The aligned crop reaches at most 2.3 times the landmarks' larger extent from their mean.
WINDOW = 3.0


class FaceEmbedderConfig(BaseModel):
    """Which network tells people apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model_path: str | None = Field(default=None, description="an ArcFace .onnx file of the user's; null: SFace")


class FaceEmbedder:
    """A recognition network on the CPU; one thread, so that the machine's load decides nothing."""

    def __init__(self, config: FaceEmbedderConfig | None = None) -> None:
        config = config or FaceEmbedderConfig()
        self._net = _load(_file(config))
        self.name = network_name(config)

    def embed(self, rgb: Float[Tensor, "3 h w"], landmarks: Sequence[float]) -> np.ndarray:
        """Unit vector, float32, of the face with these ten landmark coordinates (pixels of ``rgb``, which is 0..1)."""
        window, points = _cut(rgb, np.asarray(landmarks, dtype=np.float64).reshape(5, 2))
        with muted():  # insightface calls a scikit-image method that is on its way out
            aligned = face_align.norm_crop(to_bgr(window), points.astype(np.float32), image_size=CROP_PX)
        vector = self._net.get_feat(aligned).reshape(-1).astype(np.float32)
        return vector / max(float(np.linalg.norm(vector)), 1e-12)


def network_name(config: FaceEmbedderConfig) -> str:
    """``name@digest`` of the embedder, without loading it.

    Raises:
        ConfigError: the user's file is not there.
        JobError: SFace is missing or damaged.
    """
    file = _file(config)
    return f"{file.stem}@{file_digest(file)[:12]}"


def _load(file: Path) -> ArcFaceONNX:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = ONLY_ERRORS
    try:
        net = get_model(str(file), download=False, providers=["CPUExecutionProvider"], sess_options=options)
    except Exception as error:
        raise ConfigError(f"{file} cannot be loaded as an ONNX network: {error}; give an ArcFace .onnx") from error
    if not isinstance(net, ArcFaceONNX):
        raise ConfigError(f"{file} is no face recognition network; give an ArcFace .onnx such as w600k_r50.onnx")
    return net


def _file(config: FaceEmbedderConfig) -> Path:
    if config.model_path is None:
        return weights.path(weights.FACE_EMBEDDER)
    file = Path(config.model_path)
    if file.suffix != ".onnx" or not file.is_file():
        raise ConfigError(f"model_path={config.model_path!r} is not an .onnx file; name one or leave it out for SFace")
    return file


def _cut(rgb: Tensor, points: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """The part of the picture that the aligned crop can reach, and the landmarks in it."""
    height, width = rgb.shape[1:]
    reach = WINDOW * float(np.ptp(points, axis=0).max()) + 2.0
    low = np.clip(np.floor(points.mean(axis=0) - reach), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(points.mean(axis=0) + reach), low + 1, (width, height)).astype(int)
    return rgb[:, low[1] : high[1], low[0] : high[0]], points - low
