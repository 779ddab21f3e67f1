"""The options that every command which talks to a daemon has, and what they become."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from signward.cli.output import Output
from signward.cli.report import exit_code, line
from signward.client import Client
from signward.errors import SignwardError
from signward.profiles import profile_from_environment

__all__ = ["Session", "connected"]

_PANEL = "Connection"
_VARIABLES = {
    "target": "SIGNWARD_TARGET",
    "ca": "SIGNWARD_CA",
    "cert": "SIGNWARD_CERT",
    "private_key": "SIGNWARD_KEY",
    "api_key_file": "SIGNWARD_API_KEY_FILE",
    "server_name": "SIGNWARD_SERVER_NAME",
}
_KEY_HELP = "Its private key, PEM. Else SIGNWARD_KEY."
_JSON_HELP = "Print JSON, also for errors."
_SECRET = "SIGNWARD_API_KEY"  # noqa: S105 -- the name of a variable


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with.

    Attributes:
        environment: Variables that say where the daemon is, flags included; perhaps a secret.
        timeout: Seconds for each call.
        output: Where results go.
    """

    environment: Mapping[str, str] = field(repr=False)
    timeout: float
    output: Output

    def client(self) -> AbstractContextManager[Client]:
        """Connect.

        Raises:
            CredentialsError: The connection is not described completely, or a file is wrong.
            BadParameter: The target is no target.
        """
        profile = profile_from_environment(self.environment)
        credentials = profile.credentials()
        try:
            return Client(profile.target, credentials, timeout=self.timeout)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error


def _options(
    target: Annotated[
        str | None,
        typer.Option(help="host:port or unix:/path. Else SIGNWARD_TARGET.", rich_help_panel=_PANEL),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Profile to connect with. Else SIGNWARD_PROFILE.", rich_help_panel=_PANEL
        ),
    ] = None,
    profiles: Annotated[
        Path | None,
        typer.Option(help="The profiles file. Else SIGNWARD_PROFILES.", rich_help_panel=_PANEL),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(help="CA of the daemon, PEM. Else SIGNWARD_CA.", rich_help_panel=_PANEL),
    ] = None,
    cert: Annotated[
        Path | None,
        typer.Option(help="Client certificate, PEM. Else SIGNWARD_CERT.", rich_help_panel=_PANEL),
    ] = None,
    private_key: Annotated[
        Path | None,
        typer.Option("--key", help=_KEY_HELP, rich_help_panel=_PANEL),
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help="File with an API key. Else SIGNWARD_API_KEY_FILE.", rich_help_panel=_PANEL
        ),
    ] = None,
    server_name: Annotated[
        str | None,
        typer.Option(
            help="Name in the daemon's certificate. Else SIGNWARD_SERVER_NAME.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(min=0.001, max=3600, help="Seconds for each call.", rich_help_panel=_PANEL),
    ] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON_HELP)] = False,
) -> Session:
    environment = dict(os.environ)
    if profile is not None:
        for variable in (*_VARIABLES.values(), _SECRET):
            environment.pop(variable, None)  # a profile that is named says it all
        environment["SIGNWARD_PROFILE"] = profile
    if profiles is not None:
        environment["SIGNWARD_PROFILES"] = str(profiles)
    if api_key_file is not None:
        environment.pop(_SECRET, None)
    given = {
        "target": target,
        "ca": ca,
        "cert": cert,
        "private_key": private_key,
        "api_key_file": api_key_file,
        "server_name": server_name,
    }
    environment.update(
        {_VARIABLES[name]: str(value) for name, value in given.items() if value is not None}
    )
    return Session(environment, timeout, Output(as_json=as_json))


_OPTIONS = inspect.signature(_options, eval_str=True)


def connected(
    command: Callable[..., None], *, private_key: str = "--key", as_json: str = "--json"
) -> Callable[..., None]:
    """Give a command the connection's options in place of its first parameter, the session.

    Errors of the client end it with one line and their exit code.

    Args:
        command: The command.
        private_key: What the option for the certificate's key is called, where ``--key`` is
            something else.
        as_json: What the option for printing JSON is called, where ``--json`` is something else.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def wrapper(**values: Any) -> None:  # noqa: ANN401 -- what Typer has parsed
        session = _options(**{name: values.pop(name) for name in _OPTIONS.parameters})
        try:
            command(session, **values)
        except SignwardError as error:
            typer.echo(line(error, as_json=session.output.as_json), err=True)
            raise typer.Exit(exit_code(error)) from error

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in (*own, *_connection_options(private_key, as_json))
    ]
    # Typer reads both.
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # a function's
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper


def _connection_options(private_key: str, as_json: str) -> Iterator[inspect.Parameter]:
    for parameter in _OPTIONS.parameters.values():
        if parameter.name == "private_key":
            option = typer.Option(private_key, help=_KEY_HELP, rich_help_panel=_PANEL)
            yield parameter.replace(annotation=Annotated[Path | None, option])
        elif parameter.name == "as_json":
            option = typer.Option(as_json, help=_JSON_HELP)
            yield parameter.replace(annotation=Annotated[bool, option])
        else:
            yield parameter
