"""A real server on 127.0.0.1 that speaks S3, in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests

BUCKET = "digits"


@contextmanager
def s3_store() -> Iterator[Mapping[str, str]]:
    """An empty bucket for the time of the block; what the environment needs to reach it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            make_bucket(url)
            yield {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": url,
                "no_proxy": ",".join(filter(None, ["127.0.0.1", os.environ.get("no_proxy")])),
            }
        finally:
            server.terminate()


def make_bucket(url: str, patience: float = 60) -> None:
    """Make the bucket, as soon as the server answers; it takes anybody for its owner."""
    deadline = time.monotonic() + patience
    with requests.Session() as session:
        session.trust_env = False  # no proxy
        while True:
            try:
                session.put(f"{url}/{BUCKET}", timeout=30).raise_for_status()
            except requests.ConnectionError:  # it does not listen yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return
