"""The command that loads one URL without an example."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from perfstress.cli.options import RUN, AsJson, app
from perfstress.errors import ExitCode


@app.command(rich_help_panel=RUN)
def hit(
    url: Annotated[str, typer.Argument(help="What to request; loopback unless allowed.")],
    duration: Annotated[
        str | None,
        typer.Option("--duration", "-d", help="How long, 10s without an amount.", metavar="TIME"),
    ] = None,
    requests: Annotated[
        int | None, typer.Option("--requests", "-n", min=1, help="End after so many requests.")
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option("--rate", "-r", help="Open model: arrivals, 500/s; a ramp: 50/s..500/s."),
    ] = None,
    arrivals: Annotated[
        str | None, typer.Option(help="With --rate: poisson (the default) or uniform.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "-c", help="Closed model: connections in a loop.")
    ] = None,
    users: Annotated[int | None, typer.Option(help="Closed model: users with --think.")] = None,
    think: Annotated[
        str | None,
        typer.Option(help="A user's pause after each answer: 2s, 1s..3s (even) or exp:2s (mean)."),
    ] = None,
    pacing: Annotated[
        str | None, typer.Option(help="Each --users begins one request in this time.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="End after so many requests of each of --users.")
    ] = None,
    timeout: Annotated[str, typer.Option(help="When an answer counts as lost.")] = "10s",
    method: Annotated[
        str | None,
        typer.Option("--method", "-X", help="The HTTP method; GET, or POST with a form or file."),
    ] = None,
    headers: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="A header, as 'name: value'.")
    ] = None,
    body: Annotated[str | None, typer.Option("--body", "-b", help="The request's body.")] = None,
    body_file: Annotated[
        str | None, typer.Option(help="A file that is the body.", metavar="FILE")
    ] = None,
    form: Annotated[
        list[str] | None, typer.Option(help="A field of a form, as name=value.")
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(help="A part of a multipart body: name=value or name=@file."),
    ] = None,
    basic: Annotated[
        str | None, typer.Option(help="Basic authentication.", metavar="USER:PASSWORD")
    ] = None,
    bearer: Annotated[
        str | None, typer.Option(help="A bearer token: '${env:TOKEN}'.", metavar="TOKEN")
    ] = None,
    cookies: Annotated[
        bool, typer.Option("--cookies", help="Keep the cookies of each user.")
    ] = False,
    compressed: Annotated[
        bool, typer.Option("--compressed", help="Ask for gzip and deflate.")
    ] = False,
    redirects: Annotated[
        int, typer.Option(min=0, max=20, help="Follow so many redirects of the same origin.")
    ] = 0,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A host besides this machine that may be loaded.")
    ] = None,
    processes: Annotated[
        str, typer.Option(help="Load processes; auto: one for each core beside the target.")
    ] = "1",
    pin: Annotated[bool, typer.Option("--pin", help="Hold each process on a core.")] = False,
    no_keep_alive: Annotated[
        bool, typer.Option("--no-keep-alive", help="A new connection for each request.")
    ] = False,
    connections: Annotated[
        int | None,
        typer.Option(min=1, help="With --rate: open no more at once; waiting for one counts."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Do not verify the server's certificate.")
    ] = False,
    ca: Annotated[
        str | None, typer.Option(help="A PEM file of the authorities to trust.", metavar="FILE")
    ] = None,
    unix_socket: Annotated[
        str | None, typer.Option(help="Connect to this Unix socket.", metavar="PATH")
    ] = None,
    source_address: Annotated[
        list[str] | None, typer.Option(help="Connect from this address; several: in turn.")
    ] = None,
    proxy: Annotated[
        str | None, typer.Option(help="An HTTP proxy: http://127.0.0.1:3128.", metavar="URL")
    ] = None,
    http: Annotated[
        str, typer.Option("--http", help="1.1, 2 or 3; 2 and 3 need the extra http3.")
    ] = "1.1",
    as_json: AsJson = False,
) -> ExitCode:
    """Load one URL quickly, without an example, and print the same figures."""
    from perfstress.commands.hit import hit as command  # delayed: numpy
    from perfstress.commands.loadoptions import LoadOptions
    from perfstress.commands.requestoptions import RequestOptions

    return command(
        url,
        load=LoadOptions(
            rate=rate,
            concurrency=concurrency,
            users=users,
            think=think,
            pacing=pacing,
            duration=duration,
            requests=requests,
            iterations=iterations,
            arrivals=arrivals,
            timeout=timeout,
        ),
        request=RequestOptions(
            method=method,
            headers=headers or [],
            body=body,
            body_file=body_file,
            form=form or [],
            parts=part or [],
            basic_auth=basic,
            bearer=bearer,
            cookies=cookies,
            compressed=compressed,
            redirects=redirects,
        ),
        allow_hosts=allow_host or [],
        processes=processes,
        pin=pin,
        keep_alive=not no_keep_alive,
        connections=connections,
        insecure=insecure,
        ca=ca,
        unix_socket=unix_socket,
        source_addresses=source_address or [],
        proxy=proxy,
        http=http,
        as_json=as_json,
        out=sys.stdout,
        err=sys.stderr,
    )
