# One image for every process of ours; docker-compose.yml says which one a container runs.
FROM node:22-slim AS pages
WORKDIR /src/static
COPY static/package.json static/package-lock.json static/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY static ./
RUN npm run build

FROM python:3.11-slim AS packages
# PyTorch alone comes from this index. Empty: PyPI, whose Linux wheel carries CUDA; name the CPU wheels for a small image.
ARG TORCH_INDEX=
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt requirements-nodeps.txt ./
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$(grep '^torch==' requirements.txt)" \
    && pip install -r requirements.txt \
    && pip install --no-deps -r requirements-nodeps.txt

FROM python:3.11-slim
# /data and /run/chalkstream are volumes: a new one takes over owner and mode from here.
RUN useradd --uid 10001 --no-create-home --home-dir /data chalk \
    && install -d -o chalk -g chalk -m 0700 /data \
    && install -d -o chalk -g chalk -m 0755 /run/chalkstream
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/chalkstream
COPY . .
COPY --from=pages /src/static/dist static/dist
RUN /opt/venv/bin/python -m classroom.catalogue.compile
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
USER chalk
CMD ["python", "-m", "classroom.supervisor", "--only", "web"]
