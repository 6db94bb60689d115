"""JMESPath: the short cut agrees with the library, errors have a place."""

import jmespath
import pytest

from perfstress.extract import ExpressionError, compile_path

DOCUMENT = {"a": {"b": {"c": [1, 2, {"d": None}]}, "x": 0}, "list": [{"n": 1}, {"n": 2}], "s": "t"}


@pytest.mark.parametrize(
    "expression",
    [
        "a",
        "a.b.c",
        "a.x",
        "s.t",
        "list.n",
        "nothing",
        "a.nothing.b",
        "list[].n",
        "length(list)",
        "a.b.c[2].d",
        "list[?n > `1`].n | [0]",
        "@",
        "'literal'",
    ],
)
def test_agrees_with_the_library(expression):
    assert compile_path(expression)(DOCUMENT) == jmespath.search(expression, DOCUMENT)


@pytest.mark.parametrize("document", [None, 1, "text", [], [1]])
def test_other_documents_find_nothing(document):
    assert compile_path("a")(document) is None
    assert compile_path("a.b")(document) is None


def test_a_function_on_the_wrong_type_finds_nothing():
    assert compile_path("length(x)")({"x": 5}) is None


@pytest.mark.parametrize("expression", ["a..b", "a[", "", "nofunction(", "a b"])
def test_broken_expressions_are_refused(expression):
    with pytest.raises(ExpressionError, match="JMESPath") as caught:
        compile_path(expression)
    assert "\n" not in caught.value.message
