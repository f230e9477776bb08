"""What a run is told to change where it waits."""

from __future__ import annotations

from restore.data.advice import advise


def first_words(*args, **options):
    return [line.split(":")[0].split(" (")[0] for line in advise(*args, **options)]


def test_a_run_that_hardly_waits_is_told_nothing():
    assert advise(0.09, workers=0, cores=8, patch_size=48, cache="none") == []


def test_what_decodes_for_every_patch_comes_first():
    assert first_words(0.5, 1, 8, 48, decoded_each_time=9, cache="none")[0] == "set data.init_args.cache to disk"
    (said, *_) = advise(0.5, 1, 8, 48, decoded_each_time=9)
    assert said == "raise data.init_args.cache_gigabytes: 9 pictures are decoded for every patch"


def test_workers_are_as_many_as_the_network_needs_and_never_more_than_cores():
    assert "set data.init_args.workers to 5" in first_words(0.5, 1, 8, 48, wanted=900, rate=200)
    assert "set data.init_args.workers to 3" in first_words(0.5, 1, 3, 48, wanted=900, rate=200)
    assert "set data.init_args.workers to 2" in first_words(0.5, 1, 8, 48)
    assert not [line for line in advise(0.5, 3, 3, 48) if "workers" in line]


def test_a_memory_of_its_own_for_each_process_is_told():
    assert "set data.init_args.cache to disk" in first_words(0.5, 4, 8, 48, cache="memory")
    assert "set data.init_args.cache to disk" not in first_words(0.5, 1, 8, 48, cache="memory")


def test_a_larger_patch_is_always_a_way():
    assert first_words(0.5, 8, 8, 48) == ["set a larger data.init_args.patch_size"]
