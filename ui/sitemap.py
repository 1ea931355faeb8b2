"""The pages, by the name that stands in their address. Nothing here needs Streamlit."""

from __future__ import annotations

ICONS = {
    "consult": ":material/forum:",
    "graph": ":material/hub:",
    "medications": ":material/medication:",
    "knowledge": ":material/database:",
    "search": ":material/manage_search:",
    "status": ":material/monitor_heart:",
}
