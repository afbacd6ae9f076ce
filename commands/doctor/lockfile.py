"""dvc.lock: DVC writes it in place, so that a kill at that moment, or a full disk, leaves its beginning."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.strictyaml import validate

from commands.doctor.checkout import Checkout, Finding
from stages.runtime.errors import UserError
from stages.runtime.params import parse


def damaged(checkout: Checkout) -> Iterator[Finding | str]:
    """A dvc.lock that is not whole; where DVC may have written it so, a note."""
    path = checkout.root / "dvc.lock"
    if not path.exists():
        return
    in_git = f"{checkout.git('show', ':./dvc.lock') or ''}\n".encode()  # nothing during a merge, too

    def restore() -> str:
        if not damage(path.read_bytes(), in_git):
            raise UserError("it is whole now")  # and may be newer than the one in Git
        if checkout.git("checkout", "--", path.name) is None:
            raise UserError("Git refuses; `git status` says why")
        return "as in Git again"

    if what := damage(text := path.read_bytes(), in_git):
        remedy = "`git checkout -- dvc.lock` (in a merge `git checkout HEAD -- dvc.lock`; without Git remove it)"
        yield Finding(path.name, what, remedy, None if damage(in_git) else restore)
    elif in_git.startswith(text) and in_git != text:
        yield "dvc.lock is the beginning of that in Git; `dvc repro` or `git checkout -- dvc.lock` adds the rest"


def damage(text: bytes, in_git: bytes = b"") -> str:
    """What shows that this is not the whole of a dvc.lock; empty if nothing does.

    DVC can go on with all that it accepts: it runs a stage again whose entry is not whole.
    """
    stages = locked_stages(text) if text.endswith(b"\n") or text + b"\n" == in_git else None
    if stages is None:
        return "is empty or damaged, so that DVC refuses everything or reads wrong values"
    lacking = in_git[len(text) :] if in_git.startswith(text) else b""
    last = [(stage.get("outs") or [{}])[-1] for stage in stages.values()][-1:]
    return "ends in the middle of a stage" if lacking[:4] == b"    " and last and "md5" not in last[0] else ""


def locked_stages(text: bytes) -> Mapping[str, Mapping[str, Any]] | None:
    """The stages in a dvc.lock; None if DVC refuses it, or never writes it so."""
    try:
        content: Mapping[str, Any] = validate(dict(parse(text, Path("dvc.lock"))), COMPILED_LOCKFILE_SCHEMA)
    except (UserError, DvcException):
        return None
    return content.get("stages")
