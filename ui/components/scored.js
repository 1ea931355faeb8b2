// A list of evidence: its text, where it comes from, and a bar for each score.

function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text ?? "";
  return made;
}

function bar(score) {
  const made = element("div", "score");
  const track = element("span", "track");
  const filled = element("span", "filled");
  filled.style.width = `${Math.round(100 * score.share)}%`;
  track.append(filled);
  made.append(element("span", "name", score.name), track, element("span", "value", score.value.toFixed(3)));
  if (score.value === 0) made.classList.add("none");
  return made;
}

export default function ({ parentElement, data }) {
  const items = data.rows.map((row) => {
    const item = element("li", "");
    const about = element("p", "about", row.source);
    about.append(element("code", "", row.id));
    const scores = element("div", "scores");
    scores.append(...row.scores.map(bar));
    item.append(element("p", "text", row.text), about, scores);
    return item;
  });
  parentElement.querySelector(".scored").replaceChildren(...items);
}
