"""The address of a server, HOST:PORT."""

import re

from ser_tf.errors import SettingError

_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%]+\]):(?P<port>[0-9]{1,5})")
_MAX_PORT = 2**16 - 1


def split(address: str) -> tuple[str, int]:
    """Splits an address into host and port.

    Args:
        address: HOST:PORT; an IPv6 host in brackets.

    Raises:
        SettingError: it is something else.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) <= _MAX_PORT:
        raise SettingError(f"--address {address}: must be HOST:PORT, such as localhost:8501, without http:// and path")
    return found["host"].strip("[]"), int(found["port"])
