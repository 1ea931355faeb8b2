"""`yiwen keys`: a key is shown once, listed without its secret, renewed and revoked."""

from __future__ import annotations

import pytest

from tests.yiwen.conftest import Yiwen


def test_the_life_of_a_key(yiwen: Yiwen) -> None:
    assert yiwen("keys", "list").out.startswith("there is no key")
    made = yiwen("keys", "create", "pages", "--scope", "ask", "--scope", "ingest", "--json").json
    assert made["key"].startswith(f"yw_{made['id']}_")
    assert (made["scopes"], made["expires"], made["valid"]) == (["ask", "ingest"], None, True)
    listed = yiwen("keys", "list")
    assert made["id"] in listed.out
    assert made["key"] not in listed.out + str(yiwen("keys", "list", "--json").json)
    renewed = yiwen("keys", "rotate", made["id"], "--overlap-days", "0", "--json").json
    assert renewed["scopes"] == made["scopes"]
    states = {key["id"]: key["valid"] for key in yiwen("keys", "list", "--json").json["keys"]}
    assert states == {made["id"]: False, renewed["id"]: True}
    assert yiwen("keys", "revoke", renewed["id"]).out == f"revoked {renewed['id']} (pages)\n"
    assert yiwen("keys", "create", "x", "--days", "1").out.startswith("yw_")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("create", "x", "--scope", "all"), 2, "ask, ingest, admin"),
        (("create", " "), 2, "needs a name"),
        (("revoke", "nosuch"), 3, "yiwen keys list"),
        (("rotate", "nosuch"), 3, "yiwen keys list"),
    ],
)
def test_wrong_arguments_are_one_line(yiwen: Yiwen, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = yiwen("keys", *arguments)
    assert done.code == code
    assert told in done.err
    assert done.err.count("\n") == 1
