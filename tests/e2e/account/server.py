"""AWS on loopback: moto, with what it lacks, and with faults on demand.

What moto lacks is answered from tables; each answer is held to botocore's model of the service.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from threading import Event, Thread
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import botocore.session
from botocore.validate import ParamValidator
from moto.cognitoidentity.models import cognitoidentity_backends
from moto.core.config import default_user_config
from moto.core.model import ServiceModel
from moto.core.serialize import get_serializer_class
from moto.iam.models import iam_backends
from moto.iot.models import iot_backends
from moto.logs.models import logs_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

Answer: TypeAlias = Mapping[str, Any] | Callable[[Mapping[str, str]], Mapping[str, Any]]

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"
_PROTOCOLS: Final = {"iot": "rest-json", "iam": "query", "cognito-identity": "json", "logs": "json"}
_SCOPE: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


class AwsServer:
    """Serves all services at one address.

    Attributes:
        url: where.
        answers: call such as `iot:ListCACertificates` -> what to answer in moto's place.
        refused: call -> the error code that it is answered with.
        silent: calls that are never answered.
        pages: path -> bytes that are served there, such as a revocation list.
        asked: the calls so far.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Answer] = {}
        self.refused: dict[str, str] = {}
        self.silent: set[str] = set()
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.over = Event()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        page = self.pages.get(environ["PATH_INFO"])
        if page is not None:
            start("200 OK", [("Content-Length", str(len(page)))])
            return [page]
        name = call_of(environ)
        self.asked.append(name)
        if name in self.silent:
            self.over.wait(60)
        if name in self.refused:
            return _refuse(name, self.refused[name], start)
        if name in self.answers:
            return self._answer(name, environ, start)
        return self._moto(environ, start)  # type: ignore[no-any-return]  # moto has no types

    def reset(self) -> None:
        """Empty moto, which is one for the whole process."""
        for backends in (iot_backends, iam_backends, cognitoidentity_backends, logs_backends):
            backends.reset()
        # Ids of certificates are their digests then, as AWS's are.
        default_user_config["iot"] = {"use_valid_cert": True}

    def _answer(self, name: str, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        answer = self.answers[name]
        found = answer(parameters(environ)) if callable(answer) else answer
        service, _, operation = name.partition(":")
        model = service_model(service).operation_model(operation)
        if model.output_shape is None:
            start("200 OK", [("Content-Length", "0")])
            return [b""]
        report = ParamValidator().validate(found, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        serializer = get_serializer_class(service, _PROTOCOLS[service])
        told = serializer(operation_model=model).serialize(found)
        start("200 OK", list(told["headers"].items()))
        body = told["body"]
        return [body if isinstance(body, bytes) else body.encode()]


def _refuse(name: str, code: str, start: StartResponse) -> list[bytes]:
    if name.startswith("iam:"):
        start("403 Forbidden", [("Content-Type", "text/xml")])
        error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        return [f"<ErrorResponse>{error}</ErrorResponse>".encode()]
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    start("429 Too Many" if "Throttl" in code else "403 Forbidden", headers)
    return [f'{{"__type": "{code}", "message": "no"}}'.encode()]


@cache
def service_model(service: str) -> ServiceModel:
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


def call_of(environ: WSGIEnvironment) -> str:
    """Name the call of a request by the service it is signed for; empty: it is not signed."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        return ""
    service = {"execute-api": "iot"}.get(scope[1], scope[1])
    if service == "iot":
        return f"iot:{_rest_operation(environ)}"
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return f"{service}:{target or parameters(environ).get('Action', '')}"


def _rest_operation(environ: WSGIEnvironment) -> str:
    model = service_model("iot")
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(http["requestUri"]))
        if http["method"] == environ["REQUEST_METHOD"] and re.fullmatch(path, environ["PATH_INFO"]):
            return str(name)
    return ""


def parameters(environ: WSGIEnvironment) -> Mapping[str, str]:
    """Read a request's body, and a form in it, and put it back for moto."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    text = body.decode(errors="replace")
    asked = {"path": environ["PATH_INFO"], "body": text}
    return asked | {name: values[0] for name, values in parse_qs(text).items()}


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args: Any, **_more: Any) -> None:
        """Say nothing: a test shows what it needs."""


@contextmanager
def serving() -> Iterator[AwsServer]:
    """Serve on loopback, as long as the block lasts."""
    aws = AwsServer()
    server = make_server("127.0.0.1", 0, aws, threaded=True, request_handler=_Quiet)
    aws.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield aws
    finally:
        aws.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
