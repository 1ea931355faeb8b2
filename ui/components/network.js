// A graph around one entity, laid out by the server; nodes open with a click or with Enter.

const SVG = "http://www.w3.org/2000/svg";

function shape(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

function short(name) {
  const letters = Array.from(name);
  return letters.length > 14 ? `${letters.slice(0, 13).join("")}…` : name;
}

const NARROW = 560; // pixels

function picture(data, label, choose) {
  const drawing = shape("svg", { viewBox: `0 0 ${data.width} ${data.height}`, role: "group", "aria-label": label });
  for (const edge of data.edges) {
    drawing.append(
      shape("path", { d: edge.path, class: "edge" }, shape("title", {}, edge.title)),
    );
  }
  for (const label of data.labels) {
    drawing.append(shape("text", { x: label.x, y: label.y, class: "relation", "text-anchor": label.anchor }, label.text));
  }
  for (const node of data.nodes) {
    const group = shape(
      "g",
      { class: `node ${node.type}${node.center ? " center" : ""}`, transform: `translate(${node.x} ${node.y})` },
      shape("title", {}, `${node.name} (${node.kind})`),
      shape("circle", { r: node.center ? 16 : 8 }),
      shape("text", { x: node.dx, y: node.dy, "text-anchor": node.anchor }, short(node.name)),
    );
    if (!node.center) {
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "button");
      group.setAttribute("aria-label", `${node.name} (${node.kind})`);
      group.onclick = () => choose(node.id);
      group.onkeydown = (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          choose(node.id);
        }
      };
    }
    drawing.append(group);
  }
  return drawing;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".network");
  let shown = null;
  // A tab that is not open has no width, so the choice is made when it gets one.
  const watch = new ResizeObserver(() => {
    const fitting = root.clientWidth < NARROW ? data.narrow : data.wide;
    if (root.clientWidth === 0 || fitting === shown) return;
    shown = fitting;
    root.replaceChildren(picture(fitting, data.label, (id) => setTriggerValue("entity", id)));
  });
  watch.observe(root);
  return () => watch.disconnect();
}
