"""An account of dictionaries: plays `Calls`, and tells what it was asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from tests.audit.certificates import AT, DAY

Answer: TypeAlias = Mapping[str, Any] | Exception | Callable[..., Mapping[str, Any]]
Page: TypeAlias = Mapping[str, Any] | Exception

ACCOUNT = "123456789012"
ARN = f"arn:aws:iot:eu-west-1:{ACCOUNT}:"
REGISTERED = AT - 40 * DAY


class Cloud:
    """Answers calls by name; a list of pages may end in an error."""

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        pages: Mapping[str, Sequence[Page]] | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.lists = dict(pages or {})
        self.asked: list[str] = []

    def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        self.asked.append(name)
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer(**arguments) if callable(answer) else answer

    def pages(self, name: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        del arguments
        self.asked.append(name)
        for page in self.lists[name]:
            if isinstance(page, Exception):
                raise page
            yield page


def listed(*ids: str, status: str = "ACTIVE") -> dict[str, Any]:
    return {"certificates": [{"certificateId": each, "status": status} for each in ids]}


def described(pem: bytes, status: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    found = {"status": status, "certificatePem": pem.decode(), "creationDate": REGISTERED, **more}
    return {"certificateDescription": found}
