# All nodes of a cluster run this image: docker build -t f2s-ray:0.1.0 .
# The wheel of PyTorch holds CUDA. For nodes without a GPU, or another CUDA, give the address of an index that PyTorch's page of
# downloads names: docker build --build-arg TORCH_INDEX=ADDRESS -t f2s-ray:0.1.0 .
FROM python:3.11.14-bookworm AS build
ARG TORCH_INDEX
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /source
RUN python -m venv /opt/f2s
ENV PATH=/opt/f2s/bin:$PATH PIP_NO_CACHE_DIR=1
COPY constraints.txt ./
RUN PIP_INDEX_URL=$TORCH_INDEX pip install --no-deps --constraint constraints.txt torch
COPY pyproject.toml README.md LICENSE ./
COPY catalog catalog
COPY f2s_ray f2s_ray
RUN pip install --constraint constraints.txt '.[cluster]' \
    && pip uninstall -y opencv-python \
    && pip install --no-deps opencv-python-headless==5.0.0.93

FROM python:3.11.14-slim-bookworm
# KubeRay asks for wget (probes), `ray up` for rsync. Their versions are those of the pinned base's release.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends rsync wget && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 f2s
COPY --from=build /opt/f2s /opt/f2s
ENV PATH=/opt/f2s/bin:$PATH RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 1000
WORKDIR /home/f2s
RUN f2s weights pull && f2s weights verify
CMD ["f2s", "--help"]
