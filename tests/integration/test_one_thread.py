"""The models of a service run on one thread each."""

from threadpoolctl import threadpool_info

from matjip.app import open_service
from matjip.settings import load


async def test_a_service_multiplies_its_small_matrices_on_one_thread(tmp_path):
    async with open_service(load(data_dir=tmp_path)):
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
