// Pointer, wheel and keys on the stage: one view for all panes.
function steer(stage) {
  const touching = new Map();
  let held = null;
  const place = (event, box) => [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  stage.addEventListener("pointerdown", (event) => {
    const pane = event.target.closest(".pane");
    if (!pane || event.button) return;
    touching.set(event.pointerId, event);
    held = { divider: event.target.classList.contains("divider"), box: pane.getBoundingClientRect() };
    stage.setPointerCapture(event.pointerId);
    stage.classList.toggle("held", !held.divider);
  });
  stage.addEventListener("pointermove", (event) => {
    const before = touching.get(event.pointerId);
    if (!held || !before) return probe(event);
    touching.set(event.pointerId, event);
    const fingers = [...touching.values()];
    if (held.divider) {
      view.split = within(place(event, held.box)[0], 0, 1);
    } else if (fingers.length === 2) {
      const other = fingers.find((finger) => finger.pointerId !== event.pointerId);
      const apart = (e) => Math.hypot(e.clientX - other.clientX, e.clientY - other.clientY);
      zoomAt(...place(other, held.box), apart(event) / Math.max(apart(before), 1));
    } else {
      move((before.clientX - event.clientX) / held.box.width, (before.clientY - event.clientY) / held.box.height);
    }
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => {
    touching.delete(event.pointerId);
    if (!touching.size) held = null;
    stage.classList.remove("held");
  });
  stage.addEventListener("pointerleave", () => { byId("probe").textContent = ""; });
  stage.addEventListener("wheel", (event) => {
    const pane = event.target.closest(".pane");
    if (!pane) return;
    event.preventDefault();
    zoomAt(...place(event, pane.getBoundingClientRect()), 1.0015 ** -event.deltaY);
    draw();
  }, { passive: false });
  stage.addEventListener("dblclick", (event) => {
    const pane = event.target.closest(".pane");
    if (!pane || event.target.classList.contains("divider")) return;
    zoomAt(...place(event, pane.getBoundingClientRect()), view.zoom > 1 ? 0 : 4);
    draw();
  });
  stage.addEventListener("keydown", key);
}

const within = (value, low, high) => Math.min(Math.max(value, low), high);

function key(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step && event.target.classList.contains("divider")) view.split = within(view.split + 0.02 * step, 0, 1);
  else if (step) move(0.1 * step, 0);
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") move(0, event.key === "ArrowUp" ? -0.1 : 0.1);
  else if (event.key === "+" || event.key === "-") zoomAt(0.5, 0.5, event.key === "+" ? 1.25 : 0.8);
  else return;
  event.preventDefault();
  draw();
}

// The point at these shares of the pane stays where it is.
function zoomAt(across, down, factor) {
  const before = view.zoom;
  view.zoom = within(view.zoom * factor, 1, 32);
  const pull = view.zoom / before - 1;
  move((across - 0.5) * pull, (down - 0.5) * pull);
}

// By shares of the pane; the picture's edges are the pane's edges at most.
function move(across, down) {
  const half = 0.5 / view.zoom;
  view.x = within(view.x + across / view.zoom, half, 1 - half);
  view.y = within(view.y + down / view.zoom, half, 1 - half);
}

// The HDR values under the pointer.
async function probe(event) {
  const pane = event.target.closest?.(".pane");
  if (!pane) return;
  const image = DATA.images[view.scene], box = pane.getBoundingClientRect(), part = windowOn(image.width, image.height);
  const x = within(Math.floor(part[0] + (event.clientX - box.left) / box.width * part[2]), 0, image.width - 1);
  const y = within(Math.floor(part[1] + (event.clientY - box.top) / box.height * part[3]), 0, image.height - 1);
  const i = y * image.width + x;
  const shown = panesNow()[[...byId("stage").children].indexOf(pane)]?.names ?? [];
  const planes = await Promise.all(shown.map((name) => planesOf(view.scene, name)));
  const told = planes.map((p, k) => `${title(shown[k])}: ${p.map((plane) => LINEAR[plane[i]].toPrecision(3)).join(" ")}, ${signed(Math.log2(Math.max(luminance(p, i), FLOOR)), 1)} stops`);
  if (planes.length > 1) told.push(`right over left: ${signed(stopsBetween(planes[1], planes[0], i), 2)} stops`);
  byId("probe").replaceChildren(...[`${x}, ${y}`, ...told].map((text) => element("span", { textContent: text })));
}
