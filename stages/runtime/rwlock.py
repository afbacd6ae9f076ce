"""Which processes of DVC are at work, as DVC notes it in the checkout: one of them for as long as a stage runs."""

import json
from pathlib import Path

RWLOCK = Path(".dvc/tmp/rwlock")


def users(path: Path) -> dict[int, str] | None:
    """Number and command of each process in an rwlock of DVC; none without the file, None if it is damaged."""
    try:
        content = json.loads(path.read_bytes())
        writers = list(content.get("write", {}).values())
        readers = [reader for readers in content.get("read", {}).values() for reader in readers]
        return {int(user["pid"]): str(user["cmd"]) for user in writers + readers}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
