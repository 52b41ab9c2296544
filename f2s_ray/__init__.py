"""f2s_ray: what is done to an archive."""

__all__ = ["__version__"]

__version__ = "0.1.0"
