"""The link between a tablet and the county: real bytes in memory, and what spoils them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import TypeVar

from app.sync.transport import Answer
from app.sync.troubles import SyncTrouble, Trouble
from simulation.clocks import WorldClock
from simulation.county_end import CountyEnd, PowerGone
from simulation.faults import Fault

T = TypeVar("T")
LONGEST_DELAY_S = 500.0
AT_ONCE = 0.6
"""How many calls are through before the work they are beside of is begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request as it left the tablet; a GET has no body."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A request under way; `stamped_at` is when the county saw it, if it has."""

    sent: Sent
    due_at: datetime
    stamped_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Net:
    """The county's door and all that is under way to it."""

    county: CountyEnd
    clock: WorldClock
    chance: Random
    under_way: list[Late] = field(default_factory=list)
    is_late: bool = False
    """Whether what arrives now is something nobody waits for any more."""

    def deliver(self, *, everything: bool = False) -> None:
        """Let late requests arrive; nobody waits for their answers any more."""
        due = [item for item in self.under_way if everything or item.due_at <= self.clock.now]
        self.under_way = [item for item in self.under_way if item not in due]
        self.is_late = True
        for item in due:
            self.handed(item.sent, item.stamped_at)
        self.is_late = False

    def handed(self, sent: Sent, at: datetime | None = None) -> Answer:
        """The county's answer to a request that arrives now, or did arrive at a moment."""
        moment = at or self.clock.now
        return self.county.answer(sent.method, sent.path, sent.body, sent.headers, moment)

    def send_late(self, sent: Sent, *, stamped: bool) -> None:
        """Have a request arrive later; `stamped`: it has arrived, but waits for its turn inside."""
        delay_s = self.chance.uniform(0.0, LONGEST_DELAY_S)
        now = self.clock.now
        self.clock.forward(0.0)
        late = Late(sent=sent, due_at=_later(now, delay_s), stamped_at=now if stamped else None)
        self.under_way.append(late)


def _later(moment: datetime, seconds: float) -> datetime:
    from datetime import timedelta

    return moment + timedelta(seconds=seconds)


class InTurn:
    """Stands behind `app.sync.beside.Beside`: what a thread would do at any moment is done at one.

    Chance has it that a call is through as soon as it is begun, or not before its answer is
    asked for; one nobody asks for then, as when the tablet dies, has never left.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """See Beside; what kills the tablet meanwhile is raised at once."""
        if self._chance.random() < AT_ONCE:
            return _ended(call)
        return call

    def close(self) -> None:
        """See Beside."""


def _ended(call: Callable[[], T]) -> Callable[[], T]:
    try:
        answer = call()
    except SyncTrouble as error:
        trouble = error
    else:
        return lambda: answer

    def failed() -> T:
        raise trouble

    return failed


class Link:
    """Stands behind `app.sync.transport.Transport` for one tablet."""

    def __init__(
        self, net: Net, next_fault: Callable[[], Fault | None], meanwhile: Callable[[], None]
    ) -> None:
        """`next_fault` draws what happens to a request; `meanwhile` is the doctor at work."""
        self._net = net
        self._next_fault = next_fault
        self._meanwhile = meanwhile

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See Transport."""
        return self._carried(Sent(method="POST", path=path, body=body, headers=headers))

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """See Transport."""
        return self._carried(Sent(method="GET", path=path, body=b"", headers=headers))

    def _carried(self, sent: Sent) -> Answer:
        net = self._net
        net.clock.forward(net.chance.choice((0.0, 0.3, 2.0, 20.0)))
        net.deliver()
        fault = self._next_fault()
        if fault is None:
            return net.handed(sent)
        return _SPOILT[fault](self, sent)

    def close(self) -> None:
        """See Transport."""

    def _lost_request(self, sent: Sent) -> Answer:
        raise SyncTrouble(self._net.chance.choice((Trouble.OFFLINE, Trouble.TIMEOUT)))

    def _lost_reply(self, sent: Sent) -> Answer:
        self._net.handed(sent)
        raise SyncTrouble(self._net.chance.choice((Trouble.OFFLINE, Trouble.TIMEOUT)))

    def _cut_up(self, sent: Sent) -> Answer:
        if sent.body:
            part = sent.body[: self._net.chance.randrange(len(sent.body))]
            self._net.handed(replace(sent, body=part))
        raise SyncTrouble(Trouble.OFFLINE)

    def _cut_down(self, sent: Sent) -> Answer:
        whole = self._net.handed(sent)
        part = whole.body[: self._net.chance.randrange(len(whole.body))]
        return Answer(status=whole.status, headers=whole.headers, body=part)

    def _doubled(self, sent: Sent) -> Answer:
        answers = [self._net.handed(sent) for _ in range(2)]
        return self._net.chance.choice(answers)

    def _delayed(self, sent: Sent) -> Answer:
        self._net.send_late(sent, stamped=False)
        raise SyncTrouble(Trouble.TIMEOUT)

    def _held_up(self, sent: Sent) -> Answer:
        self._net.send_late(sent, stamped=True)
        raise SyncTrouble(Trouble.TIMEOUT)

    def _busy(self, sent: Sent) -> Answer:
        return _page(429, **{"retry-after": "30"})

    def _too_large(self, sent: Sent) -> Answer:
        return _page(413)

    def _trouble(self, sent: Sent) -> Answer:
        if self._net.chance.random() < 0.5:
            self._net.handed(sent)
        return _page(self._net.chance.choice((500, 502, 503)))

    def _portal(self, sent: Sent) -> Answer:
        return _page(self._net.chance.choice((200, 302)))

    def _county_killed(self, sent: Sent) -> Answer:
        self._net.county.die_after(self._net.chance.randrange(30))
        try:
            answer = self._net.handed(sent)
        except PowerGone:
            raise SyncTrouble(Trouble.OFFLINE) from None
        self._net.county.survive()
        return answer

    def _edit_in_push(self, sent: Sent) -> Answer:
        if self._net.chance.random() < 0.5:
            self._meanwhile()
            return self._net.handed(sent)
        answer = self._net.handed(sent)
        self._meanwhile()
        return answer


_SPOILT: Mapping[Fault, Callable[[Link, Sent], Answer]] = {
    Fault.LOST_REQUEST: Link._lost_request,
    Fault.LOST_REPLY: Link._lost_reply,
    Fault.CUT_UP: Link._cut_up,
    Fault.CUT_DOWN: Link._cut_down,
    Fault.DOUBLED: Link._doubled,
    Fault.DELAYED: Link._delayed,
    Fault.HELD_UP: Link._held_up,
    Fault.BUSY: Link._busy,
    Fault.TOO_LARGE: Link._too_large,
    Fault.TROUBLE: Link._trouble,
    Fault.PORTAL: Link._portal,
    Fault.COUNTY_KILLED: Link._county_killed,
    Fault.EDIT_IN_PUSH: Link._edit_in_push,
}


def _page(status: int, **headers: str) -> Answer:
    """What somebody in between says in the county's stead."""
    return Answer(
        status=status, headers={"content-type": "text/html", **headers}, body=b"<html>wifi</html>"
    )
