# docker build --tag zsaudio . && docker run --rm zsaudio            # make repro
# docker run --rm zsaudio make test
# An image is built without a GPU, so it has torch's CPU build.
FROM python:3.13-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 zsaudio \
    && install --directory --owner 1000 /zsaudio
USER 1000
WORKDIR /zsaudio
COPY --chown=1000 . .
RUN make environment
CMD ["make", "repro"]
