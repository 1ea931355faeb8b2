# The image of every own service: `docker build --target cpu .`, or `gpu` for local models on CUDA. Neither holds weights,
# knowledge, settings or secrets: they come by volumes and environment. The root file system may be read-only; what is
# written goes to /data, temporary files to /tmp and /var/tmp.

# Name a digest here to pin the base image too: --build-arg PYTHON_IMAGE=python@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/yiwen/bin:$PATH \
    HOME=/tmp \
    TMPDIR=/var/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    YIWEN_DATA_DIR=/data

# Both installations: first what the lock names, with hashes, then the project without looking anything up.
FROM base AS source
WORKDIR /source
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/yiwen

FROM source AS install-cpu
COPY docker/cpu.lock .
RUN python -m pip install --no-deps --require-hashes -r cpu.lock
COPY pyproject.toml README.md LICENSE ./
COPY rag rag
COPY kg_loader kg_loader
COPY finetune finetune
COPY evaluation evaluation
COPY api api
COPY ui ui
COPY yiwen yiwen
RUN python -m pip install --no-deps --no-build-isolation .

FROM source AS install-gpu
COPY docker/gpu.lock .
RUN python -m pip install --no-deps --require-hashes -r gpu.lock
COPY pyproject.toml README.md LICENSE ./
COPY rag rag
COPY kg_loader kg_loader
COPY finetune finetune
COPY evaluation evaluation
COPY api api
COPY ui ui
COPY yiwen yiwen
RUN python -m pip install --no-deps --no-build-isolation .

# A named volume takes its owner from the folder that it covers, so /data has to exist and belong to the user.
FROM base AS runtime
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin yiwen \
    && install --directory --owner yiwen --group yiwen --mode 0750 /data
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# /healthz says that the process serves; /readyz, whether there is a knowledge base yet, is for balancers and monitors.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["yiwen", "serve", "--host", "0.0.0.0", "--port", "8000"]

FROM runtime AS gpu
COPY --from=install-gpu /opt/yiwen /opt/yiwen

FROM runtime AS cpu
COPY --from=install-cpu /opt/yiwen /opt/yiwen
