from __future__ import annotations

from typing import Any

import pytest

from collector.demo.tree import BadTree, by_depth, by_tree, parse

JOB: dict[str, Any] = {
    "_class": "Job",
    "name": "web",
    "color": "blue",
    "builds": [{"_class": "Run", "number": n, "result": "SUCCESS", "actions": [{}, {"causes": []}]} for n in (5, 4, 3)],
}


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        ("name", {"name": "web"}),
        ("name,nonsense", {"name": "web"}),
        (" name , color ", {"name": "web", "color": "blue"}),
        ("builds[number]{0,2}", {"builds": [{"_class": "Run", "number": 5}, {"_class": "Run", "number": 4}]}),
        ("builds[number]{,1}", {"builds": [{"_class": "Run", "number": 5}]}),
        ("builds[number]{2,}", {"builds": [{"_class": "Run", "number": 3}]}),
        ("builds[number]{1}", {"builds": [{"_class": "Run", "number": 4}]}),
        ("builds[number]{7,9}", {"builds": []}),
        ("builds", {"builds": [{"_class": "Run"}] * 3}),
        ("builds[*]{1}", {"builds": [{"_class": "Run", "number": 4, "result": "SUCCESS", "actions": [{}, {}]}]}),
        ("builds[actions[causes]]{1}", {"builds": [{"_class": "Run", "actions": [{}, {"causes": []}]}]}),
        ("*", {"name": "web", "color": "blue", "builds": [{"_class": "Run"}] * 3}),
    ],
)
def test_a_tree_shows_what_it_names(tree: str, shown: dict[str, Any]) -> None:
    assert by_tree(JOB, parse(tree)) == {"_class": "Job", **shown}


@pytest.mark.parametrize("tree", ["builds[", "builds]", "[number]", "builds[number]x{", "a,,b", "builds{1", "ä"])
def test_a_malformed_tree_is_refused(tree: str) -> None:
    with pytest.raises(BadTree, match="Malformed tree expression"):
        parse(tree)


def test_plain_objects_are_shown_whole_at_any_depth() -> None:
    assert by_depth({"a": [{"b": {"c": 1}}]}, 0) == {"a": [{"b": {"c": 1}}]}
