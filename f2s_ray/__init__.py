"""f2s_ray: what is done to an archive."""
