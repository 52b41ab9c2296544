"""What restoring takes: the settings, the networks, the references; loaded once a worker."""

from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.clock import Clock
from f2s_ray.models.composite import Gatekeeper
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig
from f2s_ray.models.gate import GateConfig
from f2s_ray.stages.films import Films
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.photos import ReferenceCrops

__all__ = ["FilmConfig", "RestoreConfig", "RestoreSetup", "Workbench"]


class FilmConfig(BaseModel):
    """How the frames of a film are restored and written."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    preset: str = Field("h264", description="h264, hevc, av1, prores or ffv1, as far as they are installed")
    segment_frames: int = Field(48, ge=8, le=1000, description="frames of a shot that are restored together")
    steady_frames: int = Field(2, ge=0, le=8, description="frames before and after that steady a frame; 0: none")


class RestoreConfig(BaseModel):
    """How photos and films are restored and written."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    quality: int = Field(95, ge=50, le=100, description="quality of lossy formats; a better source keeps its own")
    min_face_px: float = Field(24, ge=16, le=512, description="smaller faces are left to the scene restorer")
    fidelity: float = Field(
        0.0,
        ge=0,
        le=1,
        description="0 is the whole face restored from references, 1 the face as the scene restorer leaves it",
    )
    gate: GateConfig = GateConfig()
    film: FilmConfig = FilmConfig()


class RestoreSetup(RestoreConfig):
    """What the user chose, the networks, and where INPUT and OUTPUT lie."""

    model: Face2SceneConfig
    embedder: FaceEmbedderConfig
    input_root: str = Field(exclude=True)
    output_root: str = Field(exclude=True)


class Workbench:
    """The networks and the references of one worker; who uses ``model`` stands in ``clock``."""

    def __init__(self, config: RestoreSetup) -> None:
        self.config = config
        self.inputs = Inputs(config.input_root)
        self.model = Face2Scene(config.model)
        self.embedder = FaceEmbedder(config.embedder)
        self.films = Films(self.inputs)
        self.crops = ReferenceCrops(self.inputs, self.model, self.films)
        self.clock = Clock()

    @property
    def keeper(self) -> Gatekeeper:
        """Who decides what a restored face may do."""
        return Gatekeeper(self.embedder.embed, self.config.gate, 1 - self.config.fidelity)
