"""These tests need torch: `make test-hf`, in an environment of its own. Elsewhere those of the files below are left out."""

from importlib.util import find_spec

WITHOUT_TORCH = ("test_config.py", "test_presets.py")
collect_ignore_glob = [] if find_spec("torch") else ["test_[!cp]*.py", "test_packing.py", "test_chat.py"]
