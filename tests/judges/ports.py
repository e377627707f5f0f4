"""Ports on the loopback address for the programs that judge.

They are below the range from which outgoing connections get theirs: what is free now stays free until the program listens.
"""

import contextlib
import random
import socket
import time

RANGE = range(20_000, 32_000)


def free_ports(count):
    """Ports that nobody listens on; all are held until all are known, so that they differ."""
    with contextlib.ExitStack() as stack:
        found = []
        for port in random.sample(RANGE, len(RANGE)):
            one = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                one.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError(f"no {count} free ports in {RANGE}")


def wait_for(port, seconds=60):
    """Returns once something listens."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=seconds).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
