// What is looked at. `x` and `y` are the centre, as shares of the picture; zoom 1 shows all of it.
const view = { scene: 0, left: 0, right: 1, mode: "slider", tone: "clip", split: 0.5, zoom: 1, x: 0.5, y: 0.5 };

const names = () => Object.keys(DATA.images[view.scene].panes);
const title = (name) => DATA.titles[name] ?? name;
const signed = (number, digits) => `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(digits)}`;
const exposure = () => Number(byId("exposure").value);

// The panes of the present mode: their labels, and the pictures that they show.
function panesNow() {
  const all = names(), left = all[view.left], right = all[view.right];
  if (view.mode === "grid") return all.map((name) => ({ tags: [title(name)], names: [name] }));
  if (view.mode === "slider") return [{ tags: [title(left), title(right)], names: [left, right] }];
  return [{ tags: [`${title(right)} against ${title(left)}`], names: [left, right] }];
}

const sourcesOf = ({ names: shown }) => view.mode === "difference"
  ? Promise.all([difference(view.scene, ...shown)])
  : Promise.all(shown.map((name) => rendered(view.scene, name, exposure(), view.tone)));

let drawing = 0, laidOut = "";
async function draw() {
  const turn = ++drawing, panes = panesNow(), sources = await Promise.all(panes.map(sourcesOf));
  if (turn !== drawing) return;
  const layout = [view.mode, view.scene, view.left, view.right].join();
  if (layout !== laidOut) { build(panes); tell(); }
  laidOut = layout;
  byId("stops").textContent = `${signed(exposure(), 1)} stops`;
  byId("zoom").textContent = `${Math.round(view.zoom * 100)} %`;
  document.querySelectorAll("#stage .pane").forEach((box, i) => {
    const canvas = box.querySelector("canvas"), density = window.devicePixelRatio || 1;
    const size = [Math.round(box.clientWidth * density), Math.round(box.clientHeight * density)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    sources[i].forEach((source, k) => paint(canvas, source, k ? view.split : 0, sources[i].length > 1 && !k ? view.split : 1));
    const divider = box.querySelector(".divider");
    if (divider) { divider.style.left = `${view.split * 100}%`; divider.setAttribute("aria-valuenow", Math.round(view.split * 100)); }
  });
}

function build(panes) {
  const image = DATA.images[view.scene], stage = byId("stage");
  stage.className = view.mode;
  stage.style.setProperty("--shape", image.width / image.height);
  stage.replaceChildren(...panes.map(({ tags }) => {
    const labels = tags.map((text, i) => element("span", { className: `tag ${i ? "right" : "left"}`, textContent: text }));
    const box = element("div", { className: "pane" }, element("canvas"), ...labels);
    if (view.mode === "slider") {
      const divider = element("div", { className: "divider", tabIndex: 0, role: "slider", ariaLabel: "Border between the two pictures" });
      divider.setAttribute("aria-valuemin", 0);
      divider.setAttribute("aria-valuemax", 100);
      box.append(divider);
    }
    if (view.mode === "difference") box.append(element("div", { className: "key" }, "3 stops darker", element("i"), "3 stops brighter"));
    return box;
  }));
}

// The part of the picture that zoom and centre select: left, top, width, height in its pixels.
function windowOn(width, height) {
  const w = width / view.zoom, h = height / view.zoom;
  return [Math.min(Math.max(view.x * width - w / 2, 0), width - w), Math.min(Math.max(view.y * height - h / 2, 0), height - h), w, h];
}

// Draws between two shares of the pane's width.
function paint(canvas, source, from, to) {
  const context = canvas.getContext("2d"), part = windowOn(source.width, source.height);
  context.imageSmoothingEnabled = canvas.width < 3 * part[2]; // from 3 screen pixels a pixel on, pixels are shown as they are
  context.imageSmoothingQuality = "high";
  context.save();
  context.beginPath();
  context.rect(from * canvas.width, 0, (to - from) * canvas.width, canvas.height);
  context.clip();
  context.drawImage(source, ...part, 0, 0, canvas.width, canvas.height);
  context.restore();
}

// Scores of the scene that is shown.
function tell() {
  const scene = DATA.images[view.scene].name, rows = DATA.rows.filter((row) => row.images[scene]);
  byId("scores").replaceChildren();
  if (rows.length && DATA.columns.length) scoreTable(byId("scores"), rows, scene);
  document.querySelectorAll("#thumbs button").forEach((b, i) => b.setAttribute("aria-pressed", i === view.scene));
}

function choose() {
  const all = names();
  view.left = Math.min(view.left, all.length - 1);
  view.right = Math.min(view.right, all.length - 1);
  byId("scene").value = view.scene;
  fill(byId("left"), all.map(title), view.left);
  fill(byId("right"), all.map(title), view.right);
}

function goTo(scene) {
  // Scenes may have other panes, or the same in another order: what is compared stays the same by name.
  const before = names(), compared = [before[view.left], before[view.right]];
  view.scene = scene;
  const [left, right] = compared.map((name) => names().indexOf(name));
  if (left >= 0) view.left = left;
  if (right >= 0) view.right = right;
  choose();
  draw();
}

async function thumbnails() {
  for (const [i, image] of DATA.images.entries()) {
    const canvas = element("canvas", { width: Math.round(144 * image.width / image.height), height: 144 });
    const button = element("button", { type: "button", title: image.name }, canvas, element("span", { textContent: image.name }));
    button.setAttribute("aria-pressed", i === view.scene);
    button.addEventListener("click", () => goTo(i));
    byId("thumbs").append(button);
    const first = image.panes.reference ? "reference" : Object.keys(image.panes)[0];
    canvas.getContext("2d").drawImage(await rendered(i, first, 0, "clip"), 0, 0, canvas.width, canvas.height);
  }
}

function press(attribute, chosen) {
  document.querySelectorAll(`[${attribute}]`).forEach((b) => b.setAttribute("aria-pressed", b === chosen));
}

if (byId("viewer")) {
  fill(byId("scene"), DATA.images.map((image) => image.name), 0);
  choose();
  byId("scene").addEventListener("change", (event) => goTo(Number(event.target.value)));
  for (const side of ["left", "right"]) byId(side).addEventListener("change", (event) => { view[side] = Number(event.target.value); draw(); });
  byId("swap").addEventListener("click", () => { [view.left, view.right] = [view.right, view.left]; choose(); draw(); });
  byId("exposure").addEventListener("input", draw);
  for (const kind of ["mode", "tone"]) for (const button of document.querySelectorAll(`[data-${kind}]`)) button.addEventListener("click", () => {
    view[kind] = button.dataset[kind];
    press(`data-${kind}`, button);
    draw();
  });
  byId("reset").addEventListener("click", () => {
    Object.assign(view, { split: 0.5, zoom: 1, x: 0.5, y: 0.5 });
    byId("exposure").value = byId("exposure").defaultValue;
    draw();
  });
  steer(byId("stage"));
  new ResizeObserver(draw).observe(byId("stage"));
  draw();
  if (DATA.images.length > 1) thumbnails();
}
