"""A picture outside of the archive to the vectors of its faces, by the networks that the archive was indexed with."""

from pathlib import Path

from f2s_catalog.find_like import FacesRead, ReadFaces
from f2s_catalog.place import Place, read_text

__all__ = ["faces_reader"]


def faces_reader(output: Place) -> ReadFaces:
    """A function that reads a file; networks are loaded when it is called.

    Args:
        output: the OUTPUT folder; the configuration of its newest run says which networks.
    """

    def read(path: Path) -> FacesRead:
        import numpy as np
        import torch

        from f2s_ray.cli.runs import read_run
        from f2s_ray.config import load_text
        from f2s_ray.errors import ConfigError
        from f2s_ray.models.face_detector import FaceDetector
        from f2s_ray.models.face_embedder import FaceEmbedder
        from f2s_ray.view.pictures import load as load_picture

        image = load_picture(path)
        if image is None:
            raise ConfigError(f"{path} cannot be read as a picture; give a photo")
        said = output / "runs" / read_run(output)["run_id"] / "config.yaml"
        config = load_text(read_text(said), str(said)).detect
        rgb = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255.0
        embedder = FaceEmbedder(config.embedder)
        found = FaceDetector(config.detector).detect(rgb)
        return FacesRead(embedder.name, [embedder.embed(rgb, face.landmarks).tolist() for face in found])

    return read
