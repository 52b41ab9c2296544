"""f2s_ray: what is done to an archive."""

import os

__all__ = ["__version__"]

__version__ = "0.1.0"

# Threads of torch that have nothing to do sleep. By default they spin, and where workers share processors they take them from those that
# work: small networks ran two to three times slower. It has to be said before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
