"""`yiwen replay`: an answer made once more from its record."""

from __future__ import annotations

from typing import Annotated

import typer

from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say


def replay(
    context: typer.Context,
    answer_id: Annotated[str, typer.Argument(metavar="ID", help="The `answer_id` of a recorded answer.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a recorded answer anew from what its generator wrote, and compare it byte for byte.

    Answers are recorded while YIWEN_RECORD_ANSWERS is set. Exit code 1: it came out otherwise, and in what is told.
    """
    from api.recording import differences, pointer_of, replayed
    from api.state.consults import ConsultTable
    from rag.errors import YiwenError
    from rag.snapshot import Library
    from rag.state import open_state
    from rag.wiring import configured_embedder, pinned

    settings = load_settings(context, data_dir)
    library = Library(settings.data_dir)
    consult = ConsultTable(open_state(settings)).find(answer_id)
    embedder = configured_embedder(settings) if settings.embedder != "none" else None
    answer = replayed(consult, pinned(settings, library, pointer_of(consult), embedder, library.register.read))
    different = differences(consult, answer)
    if as_json:
        document(answer)
    else:
        say(f"问：{consult.asked['question']}", "bold")
        say(str(answer["text"]))
    if different:
        raise YiwenError(
            f"the answer {answer_id} came out otherwise in: {', '.join(different)}; since then something was withdrawn "
            "or erased, the program or a setting changed, or Neo4j held what no version holds"
        )
    if not as_json:
        say(f"byte for byte the answer of version {consult.asked['pointer']['version']}", "dim")
