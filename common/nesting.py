"""The depth to which JSON is nested, found without parsing it.

``json`` recurses: at the end of the stack it raises RecursionError, and so does every finalizer that the garbage
collector runs there.
"""

import re
from itertools import accumulate

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def depth(text: str) -> int:
    """Return how many arrays and objects are open at most at one place of a JSON text (RFC 8259).

    Of a text that is no JSON it is at least the depth that a parser comes to before it finds the error.
    """
    brackets = _BRACKET.findall(_STRING.sub("", text))
    return max(accumulate((1 if bracket in "[{" else -1 for bracket in brackets), initial=0))
