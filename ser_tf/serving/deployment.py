"""Files beside an exported model that run TensorFlow Serving with it: a compose file and the server's settings.

    docker compose --file served/lld/compose.yaml up --detach

They lie in the model's folder, above its versions, which is the folder that the server is given: TensorFlow Serving
looks only at folders whose names are numbers. Files that exist are left alone, so that they can be edited.
"""

import importlib.metadata
import re
from pathlib import Path

from ser_tf import files
from ser_tf.errors import SettingError

IMAGE = f"tensorflow/serving:{importlib.metadata.version('tensorflow-serving-api')}"
"""The server of the release that is installed here: an older one may not know the operations of a newer graph."""
COMPOSE = "compose.yaml"
CONFIGS = ("batching.config", "monitoring.config")
GRPC_PORT, REST_PORT = 8500, 8501
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONTENT = """\
# Serves this model: docker compose --file {compose} up --detach
#
# The server knows no users, no encryption and no limit on the rate of requests, so it listens on this machine only. Let
# others in through a reverse proxy (nginx, Caddy, Envoy) that authenticates them, speaks TLS, and limits the size of a
# request (a minute of 16-bit audio takes 2 MB, a third more in REST) and their number.
#
# A tag can be moved. To fix the image, put the digest that `docker buildx imagetools inspect {image}` prints
# in place of the tag: tensorflow/serving@sha256:...
services:
  {name}:
    image: {image}
    command:
      - --enable_batching
      - --batching_parameters_file=/models/{name}/batching.config
      - --monitoring_config_file=/models/{name}/monitoring.config
    environment:
      MODEL_NAME: "{name}"
    ports:
      - "127.0.0.1:{grpc}:{grpc}"  # gRPC
      - "127.0.0.1:{rest}:{rest}"  # REST, and metrics for Prometheus
    volumes:
      - .:/models/{name}:ro
    security_opt:
      - no-new-privileges:true
    restart: unless-stopped
"""


def require_name(name: str) -> None:
    """Checks that a server, an address and a compose file can carry a model's name.

    Raises:
        SettingError: they cannot.
    """
    if not _NAME.fullmatch(name):
        raise SettingError(f"{name!r} cannot be a model's name: letters, digits, '.', '_' and '-' are allowed")


def write(folder: Path) -> list[Path]:
    """Writes the files that are not there yet.

    Args:
        folder: The model's folder, named after it.

    Returns:
        The files that were written.

    Raises:
        UserError: the folder cannot be written.
    """
    name = folder.name
    require_name(name)
    compose = _CONTENT.format(compose=COMPOSE, image=IMAGE, name=name, grpc=GRPC_PORT, rest=REST_PORT)
    contents = {COMPOSE: compose}
    contents |= {config: Path(__file__).with_name(config).read_text() for config in CONFIGS}
    missing = {folder / file: text for file, text in contents.items() if not (folder / file).exists()}
    return [files.atomic_write_text(path, text) for path, text in missing.items()]
