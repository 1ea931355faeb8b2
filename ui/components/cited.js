// An answer: paragraphs with numbered buttons; a number opens the card of its source below the paragraph.

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.onclick = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function webAddress(url) {
  try {
    const found = new URL(url);
    return ["http:", "https:"].includes(found.protocol) ? found : null;
  } catch {
    return null;
  }
}

function highlighted(citation) {
  const { text, span, quote } = citation;
  const letters = Array.from(text ?? ""); // spans count code points
  const [start, end] = span;
  if (!text || letters.slice(start, end).join("") !== quote) return [element("mark", {}, quote)];
  return [letters.slice(0, start).join(""), element("mark", {}, quote), letters.slice(end).join("")];
}

// A page with a chat input scrolls to its end, again and again while the rest below the answer comes in; a new answer is
// read from its start, where the red flag is. Whoever scrolls, types or clicks meanwhile is left alone.
const SETTLED_MS = 1500;

function readFromTheStart(root) {
  const message = root.getRootNode().host?.closest('[data-testid="stChatMessage"]');
  const end = Date.now() + SETTLED_MS;
  let alone = true;
  for (const sign of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    window.addEventListener(sign, () => (alone = false), { once: true, capture: true, passive: true });
  }
  const timer = setInterval(() => {
    if (!alone || Date.now() > end) clearInterval(timer);
    else message?.scrollIntoView({ block: "start" });
  }, 100);
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".answer");
  const words = data.words;
  const citations = new Map(data.citations.map((citation) => [citation.n, citation]));
  let open = null;

  function about(citation) {
    return [citation.kind, citation.year, citation.grade].join(" · ");
  }

  function close(focusBack) {
    if (open === null) return;
    open.card.remove();
    open.button.setAttribute("aria-expanded", "false");
    if (focusBack) open.button.focus();
    open = null;
  }

  function card(citation) {
    const url = webAddress(citation.url);
    const title = words.source.replace("{n}", citation.n);
    return element(
      "section",
      { class: "card", role: "region", "aria-label": title, tabindex: "-1", "data-n": citation.n },
      element(
        "header",
        {},
        element("span", { class: "number" }, String(citation.n)),
        element("strong", {}, citation.title),
        element("button", { class: "close", type: "button", "aria-label": words.close, onclick: () => close(true) }, "✕"),
      ),
      element("p", { class: "about" }, about(citation)),
      element("blockquote", {}, ...highlighted(citation)),
      element(
        "footer",
        {},
        element("button", { type: "button", onclick: () => setTriggerValue("graph", citation.evidence_id) }, words.graph),
        url === null
          ? null
          : element(
              "a",
              { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" },
              `${words.original} (${url.host})`,
            ),
        element("code", {}, citation.evidence_id),
      ),
    );
  }

  function toggle(citation, button, place) {
    const same = open !== null && open.button === button;
    close(false);
    if (same) return;
    open = { button, card: card(citation) };
    button.setAttribute("aria-expanded", "true");
    place.after(open.card);
    open.card.focus({ preventScroll: true });
    open.card.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  function number(citation, place) {
    const label = `${words.source.replace("{n}", citation.n)}: ${citation.title}`;
    const button = element(
      "button",
      {
        class: "cite",
        type: "button",
        "aria-expanded": "false",
        "aria-label": label,
        title: `${citation.title} · ${about(citation)}\n“${citation.quote}”`,
      },
      String(citation.n),
    );
    button.onclick = () => toggle(citation, button, place());
    return button;
  }

  // No line begins with the mark that follows a number.
  function kept(button, mark) {
    return mark ? element("span", { class: "kept" }, button, mark) : button;
  }

  function paragraph(line) {
    const made = element("p", line.kind ? { class: line.kind } : {});
    for (const part of line.text.split(/(\s*\[\d+\](?:[，。、；：！？）」』]|[,.;:!?)](?=\s|$))?)/)) {
      const found = /^(\s*)\[(\d+)\](.?)$/s.exec(part);
      const citation = found ? citations.get(Number(found[2])) : undefined;
      if (citation) made.append(kept(number(citation, () => made), found[3]));
      else made.append(part);
    }
    return made;
  }

  function sources() {
    if (data.citations.length === 0) return null;
    const list = element("ol", {});
    for (const citation of data.citations) {
      const row = element("li", {});
      row.append(
        number(citation, () => row),
        element("span", {}, citation.title),
        element("span", { class: "about" }, `${citation.year} · ${citation.grade}`),
      );
      list.append(row);
    }
    return element("details", {}, element("summary", {}, `${words.sources} (${data.citations.length})`), list);
  }

  root.onkeydown = (event) => {
    if (event.key === "Escape") close(true);
  };
  const all = sources();
  root.replaceChildren(...data.lines.map(paragraph), ...(all === null ? [] : [all]));
  const print = new AbortController();
  if (all !== null) window.addEventListener("beforeprint", () => (all.open = true), { signal: print.signal });
  if (data.fresh) readFromTheStart(root);
  return () => print.abort();
}
