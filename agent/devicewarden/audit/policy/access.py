"""What several documents together allow: a denial anywhere overrides every grant.

Only unconditional denials take something away. Conditions of grants are passed over: the question
is what a grant reaches when they hold.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Final, TypeAlias

from devicewarden.audit.policy.actions import names_action, patterns
from devicewarden.audit.policy.document import Effect, Policy, Statement
from devicewarden.audit.policy.fault import Place
from devicewarden.audit.policy.glob import RUN, Automaton, Pattern, automaton, resource_pattern
from devicewarden.audit.policy.problem import Effort
from devicewarden.audit.policy.search import Question, exists

ANYTHING: Final = automaton([Pattern((RUN,))])

Reading: TypeAlias = Callable[[str], Pattern]
"""How a resource as written becomes a pattern."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One resource of a statement that allows something.

    Attributes:
        resource: as written; None: all but those that the statement leaves out.
    """

    place: Place
    resource: str | None

    @property
    def statement(self) -> Statement:
        """The statement that grants it."""
        return self.place.statement

    @property
    def written(self) -> str:
        """The resource, for people."""
        if self.resource is not None:
            return self.resource
        return "NotResource " + ", ".join(self.statement.not_resources)

    def inside(self, read: Reading) -> list[Pattern]:
        """Give what its resources match."""
        return [Pattern((RUN,)) if self.resource is None else read(self.resource)]

    @property
    def outside(self) -> tuple[str, ...]:
        """What it leaves out, as written."""
        return () if self.resource is not None else self.statement.not_resources


@dataclass(frozen=True, slots=True)
class Access:
    """The effective policy of whoever all the documents are attached to.

    Attributes:
        policies: the documents; of a policy with several versions, the default version.
        effort: what answering may still cost.
    """

    policies: Sequence[Policy]
    effort: Effort = field(default_factory=Effort)
    _denials: dict[str, list[Statement]] = field(default_factory=dict)
    _answers: dict[tuple[Hashable, ...], bool] = field(default_factory=dict)

    def places(self, effect: Effect) -> Iterator[Place]:
        """Give the statements that allow, or deny."""
        for policy in self.policies:
            for statement in policy.statements:
                if statement.effect == effect:
                    yield Place(policy, statement)

    def grants(self) -> Iterator[Grant]:
        """Give each resource of each statement that allows something."""
        for place in self.places("Allow"):
            for resource in dict.fromkeys(place.statement.resources):
                yield Grant(place, resource)
            if place.statement.not_resources:
                yield Grant(place, None)

    def denials(self) -> list[Statement]:
        """Give the unconditional denials."""
        return [p.statement for p in self.places("Deny") if not p.statement.conditions]

    def denials_of(self, action: str) -> list[Statement]:
        """Give the unconditional denials of one action."""
        if action not in self._denials:
            self._denials[action] = [d for d in self.denials() if names_action(d, action)]
        return self._denials[action]

    def reaches(
        self,
        grant: Grant,
        denials: Collection[Statement],
        probes: Automaton,
        *,
        read: Reading = resource_pattern,
    ) -> bool:
        """Tell whether a resource that one of `probes` matches is granted and not denied.

        Raises:
            PolicyError: the wildcards take too many steps.
        """
        denied = tuple(text for each in denials for text in each.resources)
        left = tuple(each.not_resources for each in denials if each.not_resources)
        key = (grant.resource, grant.outside, denied, left, probes, read)
        if key not in self._answers:
            question = Question(
                inside=grant.inside(read),
                one_of=[probes, *(_any_of(texts, read) for texts in left)],
                outside=_any_of(denied + grant.outside, read),
            )
            self._answers[key] = exists(question, self.effort)
        return self._answers[key]

    def allows_action(self, grant: Grant, action: Pattern, *outside: Pattern) -> bool:
        """Tell whether an action like `action`, and unlike `outside`, is granted and not denied.

        A denial counts where it covers the whole resource.

        Raises:
            PolicyError: the wildcards take too many steps.
        """
        denials = [each for each in self.denials() if not self.reaches(grant, [each], ANYTHING)]
        left = [_any_action(d.not_actions) for d in denials if d.not_actions]
        granted = grant.statement.actions
        denied = (*grant.statement.not_actions, *chain.from_iterable(d.actions for d in denials))
        question = Question(
            inside=[action],
            one_of=[_any_action(granted) if granted else ANYTHING, *left],
            outside=_any_action(denied, outside),
        )
        return exists(question, self.effort)


@lru_cache(maxsize=64)
def _any_action(actions: tuple[str, ...], others: tuple[Pattern, ...] = ()) -> Automaton:
    """Follow actions as written; a role is asked about the same ones for each of its services."""
    return automaton([*others, *patterns(actions)])


@lru_cache(maxsize=64)
def _any_of(texts: tuple[str, ...], read: Reading) -> Automaton:
    """Follow resources as written; the same denials stand in many questions."""
    return automaton(map(read, texts))
