"""Calls made by boto3: the only file of this room that imports boto3 and botocore."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from threading import Lock
from typing import Any, Final, TypeVar

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PaginationError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.parsers import ResponseParserError

from devicewarden.aws.calls import IDENTITY, AbsentError, CallError
from devicewarden.aws.circle import Circle
from devicewarden.config.account_settings import AccountSettings
from devicewarden.model.version import VERSION

T = TypeVar("T")

_ABSENT: Final = {
    "NoSuchEntity",
    "NotConfiguredException",
    "NotFound",
    "NotFoundException",
    "ResourceNotFoundException",
}
_DENIED: Final = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "ForbiddenException",
    "NotAuthorizedException",
    "UnauthorizedException",
    "UnauthorizedOperation",
}
_THROTTLED: Final = {"ThrottlingException", "Throttling", "TooManyRequestsException"}
_NO_ACCESS: Final = "give credentials as for the AWS CLI: a profile, the environment, or a role"
_LONGEST: Final = 200


class Client:
    """An account, as boto3 reaches it.

    Attributes:
        region: that is called; empty: nobody said.

    Raises:
        CallError: there is no such profile.
    """

    def __init__(
        self, settings: AccountSettings, allowed: Collection[str], denied_hint: str
    ) -> None:
        self._attempts = settings.attempts
        self._allowed = {IDENTITY, *allowed}
        self._denied_hint = denied_hint
        try:
            session = boto3.Session(
                profile_name=settings.profile or None, region_name=settings.region or None
            )
        except BotoCoreError as error:
            raise CallError(str(error), hint=_NO_ACCESS) from error
        config = Config(
            # Past a first refusal it also slows down by itself, as the account's quota demands.
            retries={"mode": "adaptive", "total_max_attempts": settings.attempts},
            connect_timeout=settings.timeout_s,
            read_timeout=settings.timeout_s,
            max_pool_connections=settings.parallel_calls,
            user_agent_extra=f"devicewarden/{VERSION}",
        )
        self.region: str = session.region_name or ""
        self._make: Callable[[str], Any] = partial(
            session.client, endpoint_url=settings.endpoint_url or None, config=config
        )
        self._clients: dict[str, Any] = {}
        self._lock = Lock()

    def account(self) -> str:
        """Ask whose account it is: 12 digits.

        Raises:
            CallError: there are no credentials, or they are not taken.
        """
        try:
            number: str = self.call(IDENTITY)["Account"]
        except CallError as error:
            hint = error.hint or _NO_ACCESS
            raise CallError(f"the AWS account cannot be reached: {error}", hint=hint) from error
        return number

    def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        service, operation = self._parts(name)
        return self._told(name, lambda: getattr(self._client(service), operation)(**arguments))

    def pages(self, name: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        service, operation = self._parts(name)
        client = self._told(name, lambda: self._client(service))
        pages = iter(client.get_paginator(operation).paginate(**arguments))
        circle = Circle()
        while page := self._told(name, lambda: next(pages, None)):
            yield page
            if circle.closes(_token(page)):
                raise CallError(f"{name}: the same page came twice")

    def _client(self, service: str) -> Any:
        # Several threads may use a client, but not make one.
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def _told(self, name: str, make: Callable[[], T]) -> T:
        """Translate what botocore raises, so that people know which permission or quota it was."""
        try:
            return make()
        except ClientError as error:
            raise self._refused(name, error) from error
        except PaginationError as error:
            raise CallError(f"{name}: the same page came twice") from error
        except (BotoConnectionError, HTTPClientError) as error:
            raise CallError(f"{name}: no answer in {self._attempts} attempts: {error}") from error
        except NoRegionError as error:
            hint = "give --region, or set account.region"
            raise CallError(f"{name}: no AWS region", hint=hint) from error
        except NoCredentialsError as error:
            raise CallError(f"{name}: no credentials", hint=_NO_ACCESS) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise CallError(f"{name}: {_cut(error)}") from error

    def _parts(self, name: str) -> tuple[str, str]:
        if name not in self._allowed:
            raise ValueError(f"{name} is not among the calls that may be made")
        service, _, operation = name.partition(":")
        return service, xform_name(operation)

    def _refused(self, name: str, error: ClientError) -> CallError:
        answer = error.response.get("Error", {})
        code, message = answer.get("Code", ""), _cut(answer.get("Message", ""))
        if code in _ABSENT:
            return AbsentError(f"{name}: {message}")
        if code in _DENIED:
            return CallError(f"{name} is not allowed", hint=self._denied_hint)
        if code in _THROTTLED:
            return CallError(f"{name}: throttled in each of {self._attempts} attempts")
        return CallError(f"{name}: {code} {message}".rstrip())


def _cut(text: object) -> str:
    """What a server says may be a whole page of HTML."""
    return " ".join(str(text).split())[:_LONGEST]


def _token(page: Mapping[str, Any]) -> str | None:
    names = ("nextMarker", "NextToken", "nextToken", "Marker")
    return next((page[name] for name in names if page.get(name)), None)
