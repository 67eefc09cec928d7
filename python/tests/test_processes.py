"""Two real processes that train one model together, as `accelerate launch` starts them (here: DDP over gloo on the CPU)."""

import os
import socket
import traceback
from types import SimpleNamespace

import pytest
import torch
from conftest import events_of, judge_rows, preference_rows, sft_rows, spec_in
from peft import get_peft_model
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from foil_train.__main__ import main
from foil_train.base import load_base
from foil_train.points import answer_at_points
from foil_train.sft import run_sft, trained_loss
from foil_train.training import lora_config

ROWS = {
    "sft": {"train": sft_rows(8, 1), "valid": sft_rows(2, 2)},
    "discriminator": {"train": judge_rows(8, 1), "valid": judge_rows(3, 2)},
    "dpo": {"train": preference_rows(8, 1), "valid": preference_rows(2, 2)},
}
HYPER = {"lr": 5e-3, "batch": 2, "dtype": "float32", "epochs": 1, "max_length": 300, "save_every": 2}
MORE = {"sft": {}, "discriminator": {"baselines": False, "bootstrap": 20}, "dpo": {"eval_every": 1}}


def together(run, log, count: int = 2) -> list[int]:
    """Exit codes of `count` forks that call `run()` as the ranks of one job."""
    from accelerate.state import AcceleratorState, GradientState, PartialState

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pids = []
    for rank in range(count):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                out = os.open(f"{log}.{rank}", os.O_WRONLY | os.O_CREAT)
                os.dup2(out, 1)
                os.dup2(out, 2)
                os.environ.update(
                    RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count), LOCAL_WORLD_SIZE=str(count), MASTER_ADDR="127.0.0.1",
                    MASTER_PORT=str(port), ACCELERATE_USE_CPU="true",
                )
                # a fork leaves torch's thread pool to be made anew by whoever touches it first; loading touches it from several threads
                torch.set_num_threads(torch.get_num_threads())
                for state in (AcceleratorState, PartialState, GradientState):
                    state._reset_state()
                code = run()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory, base):
    out = tmp_path_factory.mktemp("sim")
    run_sft(spec_in(tmp_path_factory.mktemp("spec"), "sft", ROWS["sft"], {**HYPER, "epochs": 0.25}, base=str(base)), out)
    return out


@pytest.mark.parametrize("stage", ["sft", "discriminator", "dpo"])
def test_two_processes_train_one_model_and_one_of_them_writes(make_spec, tmp_path, simulator, stage):
    fields = {"adapter": str(simulator)} if stage == "dpo" else {}
    spec = make_spec(stage, ROWS[stage], {**HYPER, **MORE[stage]}, **fields)
    out, log = tmp_path / "out", tmp_path / "log"
    codes = together(lambda: main([stage, "--spec", str(spec.path), "--out", str(out)]), log)
    assert codes == [0, 0], "\n".join((tmp_path / f"log.{r}").read_text()[-3000:] for r in (0, 1))
    # eight items, two a process and step
    steps = [e for e in events_of(out) if e["event"] == "step"]
    assert [e["step"] for e in steps] == [1, 2] and all(e["steps"] == 2 for e in steps)
    assert [e["event"] for e in events_of(out)].count("done") == 1
    assert '"event"' not in (tmp_path / "log.1").read_text()
    assert (out / "run.json").exists() and (out / "adapter" / "adapter_model.safetensors").exists()


def test_two_processes_learn_what_one_does_from_the_whole_batch(make_spec, tmp_path):
    seen = []
    for name, batch in (("one", 4), ("two", 2)):
        spec = make_spec("sft", ROWS["sft"], {**HYPER, "batch": batch, "epochs": 2})
        argv = ["sft", "--spec", str(spec.path), "--out", str(tmp_path / name)]
        assert together(lambda: main(argv), tmp_path / name, count=4 // batch) == [0] * (4 // batch)
        losses = [e["loss"] for e in events_of(tmp_path / name) if e["event"] in ("step", "valid")]
        assert len(losses) == 6
        seen.append(losses)
    assert seen[0] == pytest.approx(seen[1], abs=2e-3), "each process has half of the same batch, and both count its tokens"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_sharded_model_gives_the_loss_of_a_whole_one(base, tmp_path, dtype):
    """FSDP2 itself, without accelerate (which shards on GPUs only): the head is sharded too, and is gathered by the forward
    that our loss goes through."""

    def run() -> int:
        torch.distributed.init_process_group("gloo")
        torch.manual_seed(1)
        hyper = SimpleNamespace(rank=4, alpha=8, dropout=0.0, targets=["q_proj", "v_proj", "down_proj"])
        model = get_peft_model(load_base(base, dtype), lora_config(hyper))
        answer_at_points(model)
        ids, labels = torch.arange(3, 23).view(1, 20), torch.arange(3, 23).view(1, 20)
        whole = trained_loss(model, ids, labels)[0].item()
        mesh = init_device_mesh("cpu", (2,))
        for layer in model.get_base_model().model.layers:
            fully_shard(layer, mesh=mesh)
        fully_shard(model, mesh=mesh)
        loss, _ = trained_loss(model, ids, labels)
        loss.backward()
        grads = [p.grad for p in model.parameters() if p.requires_grad]
        assert abs(loss.item() - whole) < 0.05 * (1 if dtype == "bfloat16" else 1e-3), (loss.item(), whole)
        assert all(g is not None for g in grads) and any(g.full_tensor().abs().sum() > 0 for g in grads)
        return 0

    assert together(run, tmp_path / "log") == [0, 0], (tmp_path / "log.0").read_text()[-3000:]
