"""Of several processes that refuse, one says why, and none goes on."""

from contextlib import contextmanager

import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.training.agreement import RefusedElsewhere, agreed, is_lost_company, main_first
from napari_acs.training.processes import start_processes


class _Two:
    """One of two processes, and the first process that refuses in the other."""

    device = torch.device("cpu")
    world_size = 2

    def __init__(self, rank, other=2):
        self.global_rank, self._other = rank, other

    def all_reduce(self, mine, reduce_op):
        assert reduce_op == "min"
        return torch.minimum(mine, torch.tensor(self._other))


def _refuse():
    raise BadInput("no good")


def test_all_go_on_where_nobody_refuses():
    assert agreed(_Two(1), lambda: "done") == "done"


def test_the_first_that_refuses_speaks_and_the_others_do_not():
    with pytest.raises(BadInput):
        agreed(_Two(0, other=1), _refuse)
    with pytest.raises(RefusedElsewhere):
        agreed(_Two(1, other=0), _refuse)
    with pytest.raises(RefusedElsewhere):
        agreed(_Two(0, other=1), lambda: "done")


def test_one_process_alone_refuses_as_it_is(one_process):
    with pytest.raises(BadInput, match="no good"):
        main_first(one_process, _refuse)
    assert main_first(one_process, lambda: 3) == 3


@pytest.mark.parametrize("local", [True, False])
def test_the_main_process_works_before_the_others(local):
    order = []

    class Ordered(_Two):
        @contextmanager
        def rank_zero_first(self, local=False):
            order.append(local)
            yield
            order.append("next")

        def all_reduce(self, mine, reduce_op):
            order.append("agree")  # not while the others still wait for their turn
            return super().all_reduce(mine, reduce_op)

    main_first(Ordered(0), lambda: order.append("work"), local=local)
    assert order == [local, "work", "next", "agree"]


@pytest.fixture
def one_process():
    return start_processes("cpu")


def test_what_gloo_says_of_a_process_that_is_gone_is_told_from_other_errors():
    assert is_lost_company(RuntimeError("[pair.cc:561] Connection closed by peer [127.0.0.1]:1"))
    assert not is_lost_company(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_lost_company(ValueError("Connection closed by peer"))
