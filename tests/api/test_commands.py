from pacsd.api.commands import MAX_ARGUMENT_LENGTH, MAX_ARGUMENTS, MAX_TEXT_LENGTH, CommandAnswer
from pacsd.app.isolation.frames import encode_frame
from pacsd.app.isolation.messages import Answer, Ask, encode_message
from pacsd.app.isolation.requests import CALL_REQUEST, CallRequest
from pacsd.app.isolation.specifications import specifications


def test_the_longest_command_and_answer_cross_to_a_process_and_back() -> None:
    specification = specifications()["pacsd_command"]
    given = {"name": "a", "arguments": ("x" * MAX_ARGUMENT_LENGTH,) * MAX_ARGUMENTS}
    arguments = specification.encode_arguments(given)
    asked = CALL_REQUEST.encode(CallRequest("pacsd_command", arguments))
    assert encode_frame(encode_message(Ask(1, "call", asked)))
    assert specification.decode_arguments(arguments) == given
    answer = specification.encode_answer(CommandAnswer("\u20ac" * MAX_TEXT_LENGTH, 255))
    assert encode_frame(encode_message(Answer(1, answer)))
