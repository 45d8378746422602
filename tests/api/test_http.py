from pacsd.api.access import Principal
from pacsd.api.http import MAX_BODY_BYTES, HttpRequest, HttpResponse
from pacsd.app.isolation.frames import encode_frame
from pacsd.app.isolation.messages import Answer, Ask, encode_message
from pacsd.app.isolation.requests import CALL_REQUEST, CallRequest
from pacsd.app.isolation.specifications import specifications


def test_the_longest_body_crosses_to_a_process_and_back() -> None:
    body, headers = bytes(MAX_BODY_BYTES), tuple((f"x-{each}", "x" * 2_000) for each in range(64))
    request = HttpRequest(
        "POST", "/a", {"a": "b"}, (("q", "ü"),), headers, body, Principal("doe"), "127.0.0.1"
    )
    specification = specifications()["pacsd_http_request"]
    arguments = specification.encode_arguments({"request": request})
    asked = CALL_REQUEST.encode(CallRequest("pacsd_http_request", arguments))
    assert encode_frame(encode_message(Ask(1, "call", asked)))
    assert specification.decode_arguments(arguments) == {"request": request}
    answer = specification.encode_answer(HttpResponse(200, body, dict(headers)))
    assert encode_frame(encode_message(Answer(1, answer)))
