# docker build --tag zsaudio . && docker run --rm zsaudio            # make repro
# docker run --rm zsaudio make test
# An image is built without a GPU, so it has torch's CPU build.
FROM python:3.13-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home zsaudio \
    && install --directory --owner zsaudio /zsaudio
USER zsaudio
WORKDIR /zsaudio
COPY --chown=zsaudio . .
RUN make environment
CMD ["make", "repro"]
