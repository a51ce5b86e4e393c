from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from storage.story_groups import LINK, central, grouped, named, pair

ABOVE, BELOW = LINK + 0.1, 0.1


def test_two_articles_alike_enough_are_one_group():
    assert grouped([1, 2, 3], {(1, 2): ABOVE, (2, 3): BELOW}) == [frozenset({1, 2}), frozenset({3})]


def test_a_chain_does_not_hold_what_has_nothing_in_common():
    chain = {(n, n + 1): ABOVE for n in range(1, 8)}
    assert max(map(len, grouped(range(1, 9), chain))) < 4


@given(
    st.dictionaries(st.sampled_from(list(combinations(range(7), 2))), st.floats(-1, 2, width=16)),
    st.permutations(range(7)),
)
def test_groups_do_not_depend_on_the_order_of_articles(likeness, order):
    groups = grouped(order, likeness)
    assert groups == grouped(range(7), dict(reversed(list(likeness.items()))))
    assert sorted(one for group in groups for one in group) == list(range(7))
    for group in groups:
        assert central(group, likeness) in group


def test_a_story_goes_on_where_most_of_it_is():
    one, other, new = frozenset({1, 2, 3}), frozenset({4}), frozenset({8, 9})
    assert named([one, other, new], {1: 7, 2: 7, 4: 7}) == {one: 7, other: None, new: None}


def test_of_two_stories_that_become_one_the_older_stays():
    both = frozenset({1, 2, 3, 4})
    assert named([both], {1: 9, 2: 9, 3: 5, 4: 5}) == {both: 5}


def test_the_central_article_is_most_like_the_others():
    assert central([1, 2, 3], {pair(2, 1): 0.9, pair(2, 3): 0.9, pair(1, 3): 0.2}) == 2
    assert central([3, 1], {}) == 1
