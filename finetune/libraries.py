"""What transformers prints for itself, kept out of results and logs."""

from __future__ import annotations

import logging
import sys
import warnings

from rag.errors import MissingExtraError


def hush() -> None:
    """Turns its warnings off (unless ours are shown, as by `yiwen -v`), and its bars where nobody looks at them."""
    try:
        from transformers.utils import logging as theirs
    except ImportError as error:
        raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error
    if not logging.getLogger().isEnabledFor(logging.INFO):
        theirs.set_verbosity_error()
        warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|peft")
    if not sys.stderr.isatty():
        theirs.disable_progress_bar()
