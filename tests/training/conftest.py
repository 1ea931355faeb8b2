"""Most of these tests need torch: `make test-hf`, in an environment of its own. Elsewhere the others run."""

from importlib.util import find_spec
from pathlib import Path

WITHOUT_TORCH = ("test_config.py", "test_presets.py")
_ALL = [path.name for path in Path(__file__).parent.glob("test_*.py")]
collect_ignore = [] if find_spec("torch") else [name for name in _ALL if name not in WITHOUT_TORCH]
