const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function fill(select, labels, chosen) {
  select.replaceChildren(...labels.map((text, value) => element("option", { value, textContent: text, selected: value === chosen })));
}

// System, light, dark.
byId("theme").addEventListener("click", () => {
  const next = { "": "light", light: "dark", dark: "" }[document.documentElement.style.colorScheme];
  document.documentElement.style.colorScheme = next;
  byId("theme").textContent = { "": "Theme: system", light: "Theme: light", dark: "Theme: dark" }[next];
});
