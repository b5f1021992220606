"""Of many polls of one approved request at once, one gets tokens: over a real backend, where races are real."""

import json
from concurrent.futures import ThreadPoolExecutor

from tests.functions.backchannel import a_centre, begin, decide, poll_event, request_event
from tests.functions.deployment import Functions
from tests.functions.sign_ins import people_at

POLLS = 12


def test_of_parallel_polls_one_gets_tokens_and_of_parallel_requests_three_wait(functions: Functions) -> None:
    people = people_at(functions, functions.ready()[0])
    people.sign_in()
    centre = a_centre(people)
    asked = begin(centre)
    decide(centre, "allow")
    functions.http("token", request_event(centre, "nobody@example.org"))  # warm
    polled, requested = poll_event(centre, asked), request_event(centre)

    with ThreadPoolExecutor(POLLS) as pool:
        polls = [pool.submit(functions.http, "token", polled) for _ in range(POLLS)]
        requests = [pool.submit(functions.http, "token", requested) for _ in range(POLLS)]
        answers = [json.loads(one.result()["body"]) for one in polls]
        waiting = [json.loads(one.result()["body"]) for one in requests]

    assert sum("access_token" in answer for answer in answers) == 1
    assert {answer["error"] for answer in answers if "error" in answer} == {"invalid_grant"}
    assert sum("auth_req_id" in answer for answer in waiting) == 3
    assert {answer["error"] for answer in waiting if "error" in answer} == {"access_denied"}
