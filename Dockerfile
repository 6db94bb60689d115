# perfstress for CI: mount a project at /work, and name a command:
#   docker build -t perfstress .
#   docker run --rm -v "$PWD:/work" perfstress replay --tier smoke
FROM python:3.13-slim AS build
COPY . /source
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels "/source[postgres,redis]"

FROM python:3.13-slim
# git tells which example came first; tini reaps what a target leaves behind.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git tini \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /wheels /wheels
RUN python -m pip install --no-cache-dir --no-index --find-links /wheels "perfstress[postgres,redis]" \
 && rm -rf /wheels \
 && git config --system --add safe.directory /work \
 && useradd --create-home --uid 1000 perfstress
USER perfstress
WORKDIR /work
HEALTHCHECK NONE
ENTRYPOINT ["tini", "-g", "--", "perfstress"]
CMD ["--help"]
