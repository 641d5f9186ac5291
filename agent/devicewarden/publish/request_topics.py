"""Topics of jobs and provisioning, as a policy grants them: what the agent says and hears.

In a policy `+` is a plain character, which filters of subscriptions have too; `*` stands for
anything, such as the id of a job.
"""

from dataclasses import dataclass

from devicewarden.config.settings import Settings
from devicewarden.publish.topics import CREATE_FROM_CSR, JobTopics, provision_topic

ANY_JOB = "*"


@dataclass(frozen=True, slots=True)
class RequestTopics:
    """Topics by what a device does with them; `subscribed` are filters."""

    published: tuple[str, ...] = ()
    subscribed: tuple[str, ...] = ()
    received: tuple[str, ...] = ()

    def __add__(self, other: "RequestTopics") -> "RequestTopics":
        return RequestTopics(
            self.published + other.published,
            self.subscribed + other.subscribed,
            self.received + other.received,
        )


def request_topics(settings: Settings, thing: str) -> RequestTopics:
    """Name the topics of what the settings switch on; nothing where they switch on nothing."""
    jobs = _jobs(JobTopics(thing)) if settings.jobs.operations else RequestTopics()
    template = settings.provisioning.template
    return jobs + (_provisioning(template) if template else RequestTopics())


def _jobs(topics: JobTopics) -> RequestTopics:
    asked = (topics.start_next, topics.get(ANY_JOB), topics.update(ANY_JOB))
    return RequestTopics(
        published=asked,
        subscribed=(topics.notify_next, *topics.replies),
        received=(topics.notify_next, *(f"{topic}/*" for topic in asked)),
    )


def _provisioning(template: str) -> RequestTopics:
    asked = (CREATE_FROM_CSR, provision_topic(template))
    return RequestTopics(
        published=asked,
        subscribed=tuple(f"{topic}/+" for topic in asked),
        received=tuple(f"{topic}/*" for topic in asked),
    )
