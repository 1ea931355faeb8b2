// A button that prints the page, or saves it as PDF; how it looks on paper is in page.css.

export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = () => window.print();
}
