"""Being let in by a code of the county: the code goes out once, however often it is tapped."""

from __future__ import annotations

import asyncio
from time import sleep
from typing import cast

from app.screens.enrol import Admission, Form
from app.services.tablet import PendingEnrolment
from app.services.workplace import Workplace
from app.state import AppState
from core.refusals import Refusal, Refused


def test_a_second_tap_does_not_spend_the_code_again() -> None:
    place = cast(PendingEnrolment, object())
    sent: list[str] = []

    def trade() -> PendingEnrolment:
        sent.append("code")
        sleep(0.05)
        if len(sent) > 1:
            raise Refused(Refusal(code="enrol.code_used", place="code"))
        return place

    def finish(_: PendingEnrolment, __: str) -> Workplace:
        raise AssertionError("no PIN was typed")

    form = Form(county_url="http://127.0.0.1:1", code="KFVZ1-HPX1P")
    admission = Admission(cast(AppState, None), form, trade, finish)

    async def tap_twice() -> None:
        await asyncio.gather(admission.send(), admission.send())

    asyncio.run(tap_twice())
    assert (sent, form.pending, form.trouble) == (["code"], place, "")
