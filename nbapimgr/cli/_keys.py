"""`nbapimgr keys`: where each key comes from, and what is done with those that are kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from nbapimgr.cli._rows import json_option, show
from nbapimgr.cli._words import in_a_terminal

if TYPE_CHECKING:
    from nbapimgr.manager import Manager

__all__ = ["command", "opened"]

_ALIAS = click.option("--alias", default="default", show_default=True, help="Which of its keys.")


@click.group("keys", invoke_without_command=True)
@click.pass_context
@json_option
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Where each key comes from, masked; and what can be done with them."""
    if ctx.invoked_subcommand is None:
        from nbapimgr.manager import key_rows

        show(key_rows(opened()), as_json=as_json, empty="No key is known.")


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """Every key with its state, check and address; the removed ones too."""
    from nbapimgr.manager import credential_rows

    show(credential_rows(opened()), as_json=as_json, empty="No key is known.")


@command.command()
@json_option
def status(*, as_json: bool) -> None:
    """How keys are kept on this machine, and what stands in the way."""
    from msgspec import to_builtins

    found = to_builtins(opened(ask=False).credentials.status())
    if as_json:
        show([found], as_json=True)
        return
    rows = [
        {"what": name, "found": ", ".join(value) if isinstance(value, list) else value}
        for name, value in found.items()
    ]
    show(rows, as_json=False)


@command.command()
@click.argument("provider")
@_ALIAS
@click.option("--spare", is_flag=True, help="Used when the active key fails.")
def add(provider: str, alias: str, *, spare: bool) -> None:
    """Take a key, which is typed unseen or comes from standard input, and keep it encrypted."""
    manager = opened()
    manager.adopt(provider)
    receipt = manager.credentials.add(
        provider, _typed(f"{provider} API key"), alias=alias, spare=spare, keep=True
    )
    click.echo(f"{receipt.provider} ({receipt.alias}): {receipt.masked} is encrypted, twice")
    if receipt.note:
        click.echo(f"! {receipt.note}")


@command.command()
@click.argument("provider")
@_ALIAS
def rotate(provider: str, alias: str) -> None:
    """Put a new key in the place of an old one, after a check; the old one stays for a week."""
    receipt = opened().credentials.rotate(provider, _typed(f"new {provider} API key"), alias=alias)
    click.echo(f"{receipt.provider} ({receipt.alias}): {receipt.masked}")
    for line in filter(None, (receipt.note, receipt.hint)):
        click.echo(f"! {in_a_terminal(line)}")


@command.command()
@click.argument("provider")
@click.option("--alias", default=None, help="Which of its keys; the active one.")
@json_option
@click.pass_context
def test(ctx: click.Context, provider: str, alias: str | None, *, as_json: bool) -> None:
    """Check a key by the provider's free call: valid, limited, rejected or unknown."""
    found = opened().credentials.test(provider, alias)
    row = {"provider": provider, "check": found.verdict, "why": found.reason}
    show([row], as_json=as_json)
    ctx.exit(0 if found.verdict in {"valid", "limited"} else 1)


@command.command()
@click.argument("provider")
@click.argument("alias")
def activate(provider: str, alias: str) -> None:
    """Make a key the first one tried."""
    opened().credentials.activate(provider, alias)
    click.echo(f"{provider}: {alias} is tried first from now on")


@command.command()
@click.argument("provider")
@_ALIAS
def rm(provider: str, alias: str) -> None:
    """Send a key no more; `undo` takes it back for 30 days."""
    opened().credentials.remove(provider, alias)
    click.echo(f"{provider} ({alias}): removed; nbapimgr keys undo {provider} takes it back")


@command.command()
@click.argument("provider")
@click.option("--alias", default=None, help="Which; the newest.")
def undo(provider: str, alias: str | None) -> None:
    """Take back the newest removal or retirement of a provider's key."""
    click.echo(f"{provider}: {opened().credentials.undo(provider, alias)} is back")


@command.command()
@click.argument("provider")
@click.option("--alias", default=None, help="Which; all of its keys.")
def confirm(provider: str, alias: str | None) -> None:
    """Let a provider's keys be sent to the address it has now."""
    click.echo(f"{provider}: to {opened().credentials.confirm(provider, alias)}")


@command.command()
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase as one way to open it.")
@click.option("--no-recovery", is_flag=True, help="Make no recovery code.")
@click.option("--accept-loss", is_flag=True, help="One way is enough: with it, all keys are lost.")
def setup(*, passphrase: bool, no_recovery: bool, accept_loss: bool) -> None:
    """Make the encrypted vault, and show its recovery code, once."""
    typed = _typed("New passphrase", twice=True) if passphrase else None
    made = opened(ask=False).credentials.setup(
        passphrase=typed, recovery=not no_recovery, accept_loss=accept_loss
    )
    _made(made)


@command.command()
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase as one way to open it.")
@click.option("--no-recovery", is_flag=True, help="Make no recovery code.")
@click.option("--accept-loss", is_flag=True, help="One way is enough: with it, all keys are lost.")
def rewrap(*, passphrase: bool, no_recovery: bool, accept_loss: bool) -> None:
    """Make all ways to open the vault anew; the old ones open it no more."""
    manager = opened()
    typed = _typed("New passphrase", twice=True) if passphrase else None
    made = manager.credentials.rewrap(
        passphrase=typed, recovery=not no_recovery, accept_loss=accept_loss
    )
    _made(made)


@command.command()
def repair() -> None:
    """Bring a damaged vault back from what is left of it; nothing is deleted."""
    from nbapimgr.errors import VaultLocked

    credentials = opened(ask=False).credentials
    try:
        said = credentials.repair()
    except VaultLocked:
        typed = _typed("Passphrase or recovery code of the vault")
        said = credentials.repair(passphrase=typed, recovery=typed)
    for line in said:
        click.echo(line)


@command.command("export")
@click.argument("path", type=click.Path(dir_okay=False))
def export_(path: str) -> None:
    """Write all keys into one new file that a passphrase opens."""
    manager = opened()
    count = manager.credentials.export(path, _typed("Passphrase for the file", twice=True))
    click.echo(f"{count} key{'s' * (count != 1)} in {path}")


@command.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
def import_(path: str) -> None:
    """Take over the keys of an exported file that are not here yet."""
    added = opened().credentials.import_(path, _typed("Passphrase of the file"))
    for key in added:
        click.echo(f"new: {key.provider} ({key.alias})")
    if not added:
        click.echo("all of its keys were here already")


def opened(*, ask: bool = True) -> Manager:
    """The manager, with the vault opened: by what is at hand, else by what is typed."""
    from nbapimgr.manager import connect

    manager = connect()
    if ask and manager.credentials.status().state == "locked" and _at_a_terminal():
        typed = _typed("Passphrase or recovery code of the vault")
        manager.credentials.unlock(passphrase=typed, recovery=typed)
    return manager


def _made(made: Any) -> None:
    click.echo(f"opened by: {', '.join(made.slots)}")
    if made.recovery:
        click.echo(f"recovery code: {made.recovery.reveal()}")
        click.echo("Write it down: it is kept nowhere, and opens the vault when all else is lost.")


def _typed(what: str, *, twice: bool = False) -> Any:
    """What is typed unseen; or, where nobody types, the next line of standard input."""
    from nbapimgr.secret import Secret

    if _at_a_terminal():
        return Secret(click.prompt(what, hide_input=True, confirmation_prompt=twice))
    return Secret(sys.stdin.readline().strip())


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()
