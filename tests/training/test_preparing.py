"""What a recipe trains on: found good first, and nothing else that lies in the cache."""

from pathlib import Path

import numpy as np
import pytest
from training.tiny import as_msd, tiny, write_case

from napari_acs.errors import BadInput
from napari_acs.training.arrays import write_arrays
from napari_acs.training.cases import ATLAS
from napari_acs.training.folds import cached_subjects
from napari_acs.training.job import segmentation_task
from napari_acs.training.order import Company, Order
from napari_acs.training.prepare import prepare_cases
from napari_acs.training.preparing import prepare_cache
from napari_acs.training.processes import start_processes
from napari_acs.training.segmentation_run import run_segmentation

ALONE = (Path("none"), None, True, "")
"""The rest of an order: no bundle is come to."""


@pytest.fixture
def plan(recipe):
    return recipe.model_copy(update={"validation": ("a",)})


def _tissues(file):
    """Tissue maps that cost nothing, and are no brain."""
    none = np.zeros((4, 4, 4), np.uint8)
    write_arrays(file, spacing_mm=2.0, **dict.fromkeys(("gm", "wm", "csf", "ventricles"), none))


def _prepare(plan, cache, *data):
    prepare_cache(plan, data, cache, lambda *_: None)


def test_data_of_two_layouts_become_one_task(plan, tmp_path):
    write_case(tmp_path / "brats" / "a", 1)
    msd = as_msd(tmp_path / "msd", {"b": tiny(2)})
    _prepare(plan, tmp_path / "cache", tmp_path / "brats", msd)
    task = segmentation_task(plan, tmp_path / "cache")
    assert [case.name for case in task.validation] == ["a"]
    assert [case.name for case in task.training] == ["b"]


def test_nothing_is_prepared_of_data_that_are_no_good(plan, tmp_path):
    write_case(tmp_path / "data" / "a", 1)
    write_case(tmp_path / "data" / "b", 2, leave_out=("t2",))
    with pytest.raises(BadInput, match="b lacks T2"):
        _prepare(plan, tmp_path / "cache", tmp_path / "data")
    assert not (tmp_path / "cache").exists()
    _prepare(plan.model_copy(update={"may_lack": ("t2",)}), tmp_path / "c", tmp_path / "data")
    assert len(list((tmp_path / "c").glob("*.npz"))) == 2
    only = {"exclude": ("b",), "phantom_share": 1.0}
    with pytest.raises(BadInput, match="left to train on"):
        _prepare(plan.model_copy(update={"exclude": ("b",)}), tmp_path / "d", tmp_path / "data")
    _tissues(tmp_path / "e" / ATLAS)
    _prepare(plan.model_copy(update=only), tmp_path / "e", tmp_path / "data")
    assert [file.stem for file in (tmp_path / "e").glob("*.npz")] == ["a"]


def test_a_prepared_case_that_left_the_data_is_not_trained_on_in_silence(plan, tmp_path):
    for number, name in enumerate("abc"):
        write_case(tmp_path / "data" / name, number)
    _prepare(plan, tmp_path / "cache", tmp_path / "data")
    (tmp_path / "data" / "c").rename(tmp_path / "c")
    with pytest.raises(BadInput, match=r"not among the data: found c.npz"):
        _prepare(plan, tmp_path / "cache", tmp_path / "data")
    _prepare(plan.model_copy(update={"exclude": ("c",)}), tmp_path / "cache", tmp_path / "data")


def test_a_case_that_was_left_out_after_a_refusal_leaves_the_runs_own_cache(plan, tmp_path):
    """Two heads alike are seen in the cache: who takes one away need not know of that."""
    for number, name in enumerate("abc"):
        write_case(tmp_path / "data" / name, number)
    cache, data = tmp_path / "run" / "cache", (tmp_path / "data",)
    _prepare(plan, cache, *data)
    not_ours = cache / "own.npz"
    np.savez(not_ours, images=np.zeros(3))
    (tmp_path / "data" / "c").rename(tmp_path / "c")
    company = Company(start_processes("cpu"), lambda: False, lambda _: False, lambda *_: None)

    def run(place, where):
        order = Order(data, place, where, *ALONE)
        return run_segmentation(plan, order, company)

    with pytest.raises(BadInput, match=r"not among the data: found c.npz"):
        run(cache, tmp_path / "another run")  # a cache that others may use
    with pytest.raises(BadInput, match=r"not among the data: found own.npz"):
        run(cache, tmp_path / "run")
    not_ours.unlink()
    run(cache, tmp_path / "run")
    assert sorted(file.stem for file in cache.glob("*.npz")) == ["a", "b"]


@pytest.mark.parametrize("fault", ["file", "file/below", "broken", "a" * 300])
@pytest.mark.parametrize("with_data", [True, False])
def test_a_place_that_can_never_be_a_cache_is_refused_at_once(plan, tmp_path, fault, with_data):
    (tmp_path / "file").touch()
    (tmp_path / "broken").symlink_to(tmp_path / "gone")
    data = [write_case(tmp_path / "data" / "a", 1).parent] if with_data else []
    looked = []
    with pytest.raises(BadInput, match=r"cannot be the cache .*: found .*(a file|link|long)"):
        prepare_cache(plan, data, tmp_path / fault, lambda *told: looked.append(told))
    assert not looked
    with pytest.raises(BadInput, match="cannot be the cache"):
        prepare_cases([], tmp_path / fault, (), 2.0).__next__()


def test_folds_of_a_cache_that_is_none_are_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"file holds no prepared case .*: found a file"):
        cached_subjects(tmp_path / "file")
    with pytest.raises(BadInput, match=r"holds no prepared case .*no such folder"):
        cached_subjects(tmp_path / "none")


def test_one_head_on_both_sides_is_refused_when_a_cache_is_all_there_is(plan, tmp_path):
    for name in "ab":
        write_case(tmp_path / "data" / name, ord(name))
    _prepare(plan, tmp_path / "cache", tmp_path / "data")
    segmentation_task(plan, tmp_path / "cache")
    (tmp_path / "cache" / "b.npz").write_bytes((tmp_path / "cache" / "a.npz").read_bytes())
    with pytest.raises(BadInput, match="validation case a is trained on as b"):
        segmentation_task(plan, tmp_path / "cache")
    segmentation_task(
        plan.model_copy(update={"exclude": ("b",), "phantom_share": 0.0, "validation": ()}),
        tmp_path / "cache",
    )


def test_who_asks_to_stop_waits_for_no_other_case(plan, tmp_path):
    for number in range(12):
        write_case(tmp_path / "data" / f"case{number}", number)
    plan = plan.model_copy(update={"validation": ()})
    fabric = start_processes("cpu")

    def stopped_at(stage):
        said = []
        company = Company(
            fabric,
            lambda: said[-1][0] == stage,
            lambda _steps: pytest.fail("it trains"),
            lambda *told: said.append(told),
        )
        order = Order((tmp_path / "data",), tmp_path / "cache", tmp_path / "run", *ALONE)
        assert not run_segmentation(plan, order, company)
        return said

    assert stopped_at("checking") == [("checking", 1, 12)]
    assert not (tmp_path / "cache").exists()
    assert stopped_at("case10")[12:] == [("case0", 1, 12), ("case1", 2, 12), ("case10", 3, 12)]
    assert len(list((tmp_path / "cache").glob("*.npz"))) == 3
