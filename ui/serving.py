"""The application that `python -m ui` serves: the script of the pages, and what goes around it."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from ui.frame import Frame

app = st.App("app.py", middleware=[Middleware(Frame)])
