"""`yiwen merge`, `yiwen delta`, `yiwen adapter`, `yiwen batch`: models after training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from yiwen.failures import PARTIAL
from yiwen.options import Json, quiet
from yiwen.output import document, printable, progress, say

delta_app = typer.Typer(help="Models as their difference from a base.", no_args_is_help=True)
adapter_app = typer.Typer(help="LoRA adapters: take over old ones, hand them to the service.", no_args_is_help=True)

Base = Annotated[str, typer.Option(metavar="MODEL", help="Folder or hub name of the base model.")]
TemplateName = Annotated[
    str | None,
    typer.Option("--template", metavar="NAME", help="As data.template; default: what adapter or model bring."),
]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the result goes; must not exist.")]


class DtypeOption(StrEnum):
    """Values of `--dtype`."""

    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    FLOAT32 = "float32"


def merge(
    adapters: Annotated[list[Path], typer.Argument(metavar="ADAPTER...", help="Folders of adapters, merged in turn.")],
    base: Base,
    out: Out,
    dtype: Annotated[DtypeOption, typer.Option(help="Number format of the result.")] = DtypeOption.BFLOAT16,
    bits: Annotated[
        int, typer.Option(help="16, 8 or 4; 8 and 4 (NF4) make the result smaller and need the extra `quant`.")
    ] = 16,
    as_json: Json = False,
) -> None:
    """Fold adapters into their base, check that it is the same model, and save it with tokenizer and model card."""
    from finetune.export import facts
    from finetune.export import merge as run

    done = run(base, adapters, out, dtype=dtype.value, bits=_bits(bits))
    if as_json:
        document(facts(done))
        return
    say(f"{out}: merged, logits differ by {done.in_memory:.1g} in 32 bits and {done.saved:.1g} as saved")
    if done.quantised is not None:
        say(f"in {bits} bits they differ by {done.quantised:.1g}")
    say(f"the most likely token is the same at {done.same_choice:.1%} of the positions")


def _bits(given: int) -> Literal[16, 8, 4]:
    """Raises UsageError for other numbers."""
    from rag.errors import UsageError

    known: tuple[Literal[16, 8, 4], ...] = (16, 8, 4)
    found = next((bits for bits in known if bits == given), None)
    if found is None:
        raise UsageError(f"--bits is {given}; expected 16, 8 or 4")
    return found


@delta_app.command("make")
def delta_make(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of the tuned model.")],
    base: Base,
    out: Out,
    as_json: Json = False,
) -> None:
    """Write a model as its difference from a base; `apply` gives the same bits again."""
    from finetune.delta import make

    _counted(make(base, model, out), out, as_json)


@delta_app.command("apply")
def delta_apply(
    delta: Annotated[Path, typer.Argument(metavar="DELTA", help="Folder of the delta; also of the HuatuoGPT line.")],
    base: Base,
    out: Out,
    as_json: Json = False,
) -> None:
    """Add a delta to its base."""
    from finetune.delta import apply

    _counted(apply(base, delta, out), out, as_json)


def _counted(found: Mapping[str, int], out: Path, as_json: bool) -> None:
    if as_json:
        document(dict(found) | {"out": str(out)})
    else:
        say(f"{out}: {found['difference']} tensors as differences, {found['whole']} whole")


@adapter_app.command("import")
def adapter_import(
    adapter: Annotated[Path, typer.Argument(metavar="FOLDER", help="adapter_config.json and adapter_model.bin.")],
    out: Out,
    base: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Its base, where that has another name today.")
    ] = None,
) -> None:
    """Turn an adapter of 2023 into safetensors; nothing in its file is run."""
    from finetune.legacy import import_adapter
    from finetune.saving import disk_errors
    from rag.errors import ConflictError

    if out.exists():
        raise ConflictError(f"{out} exists already; name another folder or remove it")
    with disk_errors(out):
        import_adapter(adapter, out, base)
    say(f"{out}: imported")


@adapter_app.command("register")
def adapter_register(
    adapter: Annotated[Path, typer.Argument(metavar="ADAPTER", help="Folder of the adapter.")],
    folder: Annotated[
        Path, typer.Option("--to", metavar="FOLDER", help="The folder YIWEN_LOCAL_ADAPTERS of the service.")
    ],
    name: Annotated[str, typer.Option(help="Its name there; default: that of its folder.")] = "",
) -> None:
    """Hand an adapter to the service, which takes it up with the next answer, without a restart."""
    from finetune.saving import register_adapter

    place = register_adapter(adapter, folder, name or adapter.resolve().name)
    say(f"{place}: ask with the generator local:{place.name}")


def batch(
    context: typer.Context,
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON Lines or an array: messages, question, instruction or prompt.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="JSON Lines of answers; begun again, it goes on.")],
    model: Annotated[str, typer.Option(metavar="MODEL", help="Folder or hub name of a causal language model.")],
    adapter: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", help="A LoRA adapter; several are merged in turn.")
    ] = None,
    bits: Annotated[int, typer.Option(help="16, 8 or 4; 8 and 4 need the extra `quant`.")] = 16,
    template: TemplateName = None,
    tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 512,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the most likely token.")] = 0.0,
    top_p: Annotated[float, typer.Option(min=0.01, max=1, help="Heard above temperature 0.")] = 1.0,
    top_k: Annotated[int, typer.Option(min=0, help="0 is without limit; heard above temperature 0.")] = 0,
    beams: Annotated[int, typer.Option(min=1, max=64, help="Beam search, which takes the most likely answer.")] = 1,
    repetition_penalty: Annotated[float, typer.Option(min=1, max=2, help="1 is none.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Let a local model answer every row of a file, without knowledge base; rows that fail are named, exit 7."""
    from dataclasses import asdict

    from finetune.write import Decoding, Writer, messages_of
    from finetune.write import batch as run

    decoding = Decoding(tokens, temperature, top_p, top_k, beams, repetition_penalty)
    writer = Writer(model, adapter or (), bits=bits, template=template)

    def answer(row: Mapping[str, Any]) -> str:
        given = row.get("prompt")
        return writer.answer(given if isinstance(given, str) else writer.prompt(messages_of(row)), decoding)

    about: dict[str, object] = {"model": model, "adapters": [str(one) for one in adapter or ()], "bits": bits}
    about |= {"template": template} if template is not None else {}
    about |= asdict(decoding)
    with progress(quiet(context)) as show:
        done = run(source, out, answer, about=about, progress=lambda at, rows: show("answering", at, rows))
    if as_json:
        document(asdict(done) | {"out": str(out)})
    else:
        say(f"{out}: {done.answered} answered, {done.failed} failed, {done.kept} there before")
    if done.failed:
        raise typer.Exit(PARTIAL)


def talk(model: str, adapters: Sequence[Path], lines: Iterable[str], template: str | None = None) -> None:
    """Answer line by line, shown as it is written; nothing is checked, which is said first."""
    from finetune.write import Decoding, Writer

    writer = Writer(model, adapters, template=template)
    typer.echo("yiwen: this model answers alone: no sentence is checked or cited", err=True)
    said: list[dict[str, str]] = []
    for line in lines:
        if line == "clear":
            said = []
            continue
        said.append({"role": "user", "content": line})
        text = writer.answer(writer.prompt(said), Decoding(), show=_show_piece)
        typer.echo()
        said.append({"role": "assistant", "content": text})


def _show_piece(piece: str) -> None:
    typer.echo(printable(piece), nl=False)
