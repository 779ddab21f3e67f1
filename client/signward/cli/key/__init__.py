"""``signward key``: create, import, read, change, rotate and freeze keys."""

from __future__ import annotations

import typer

from signward.cli.key.activate import activate
from signward.cli.key.check import check
from signward.cli.key.create import create
from signward.cli.key.destroy import destroy
from signward.cli.key.disable import disable
from signward.cli.key.enable import enable
from signward.cli.key.end_grace import end_grace
from signward.cli.key.freeze import freeze
from signward.cli.key.get import get
from signward.cli.key.importing import import_key
from signward.cli.key.listing import list_keys
from signward.cli.key.public_key import public_key
from signward.cli.key.restore import restore
from signward.cli.key.rotate import rotate
from signward.cli.key.unfreeze import unfreeze
from signward.cli.key.update import update
from signward.cli.key.versions import versions

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, help="Create, import, read, change, rotate and freeze keys."
)
app.command("create")(create)
app.command("import")(import_key)
app.command("list")(list_keys)
app.command("get")(get)
app.command("public-key")(public_key)
app.command("update")(update)
app.command("rotate")(rotate)
app.command("versions")(versions)
app.command("activate")(activate)
app.command("end-grace")(end_grace)
app.command("destroy")(destroy)
app.command("restore")(restore)
app.command("check")(check)
app.command("disable")(disable)
app.command("enable")(enable)
app.command("freeze")(freeze)
app.command("unfreeze")(unfreeze)
