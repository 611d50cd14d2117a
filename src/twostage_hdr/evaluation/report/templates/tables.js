// Clicking a head sorts by it: first the better end, then the other. Lines without a number stay below.
function sortable(table, heads, lines) {
  const order = { column: null, up: false };
  const sort = (i) => {
    Object.assign(order, { up: order.column === i ? !order.up : heads[i].up, column: i });
    render();
  };
  const render = () => {
    const shown = [...lines], value = (line) => line[order.column].value;
    const compare = (a, b) => (typeof value(a) === "string" ? value(a).localeCompare(value(b), "en", { numeric: true }) : value(a) - value(b));
    if (order.column !== null) shown.sort((a, b) => {
      const empty = (value(a) == null) - (value(b) == null);
      return empty || value(a) == null ? empty : compare(a, b) * (order.up ? 1 : -1);
    });
    const head = heads.map((h, i) => {
      const cell = element("th", { title: h.hint ?? "", tabIndex: 0 }, h.text, ...(h.unit ? [element("small", { textContent: h.unit })] : []));
      if (order.column === i) cell.setAttribute("aria-sort", order.up ? "ascending" : "descending");
      cell.addEventListener("click", () => sort(i));
      cell.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(i); });
      return cell;
    });
    const body = shown.map((line) => element("tr", {}, ...line.map(cellOf)));
    table.replaceChildren(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
  };
  render();
}

function cellOf({ text, hint, best, whisker, heat, note, go }) {
  const cell = element("td", { title: hint ?? "", className: best ? "best" : "" });
  cell.append(go ? element("button", { type: "button", className: "link", textContent: text, onclick: go }) : text);
  if (note) cell.append(element("small", { textContent: note }));
  if (heat != null) cell.style.setProperty("--heat", `${Math.round(34 * heat)}%`);
  if (whisker) {
    const dot = element("b"), bar = element("i"), track = element("span", { className: "whisker" }, bar, dot);
    bar.style.cssText = `left:${100 * whisker.low}%;width:${100 * (whisker.high - whisker.low)}%`;
    dot.style.left = `${100 * whisker.mean}%`;
    cell.append(track);
  }
  return cell;
}

const headOf = (c) => ({ text: `${c.title.replace("μ-", "μ\u2011")}\u00a0${c.higher_is_better ? "↑" : "↓"}`, unit: c.unit, hint: `${c.higher_is_better ? "higher" : "lower"} is better; ${c.scaling}`, up: !c.higher_is_better });
const span = (values) => { const known = values.filter((v) => v != null); return [Math.min(...known), Math.max(...known)]; };
const share = (value, [low, high]) => (high > low ? (value - low) / (high - low) : 0.5);

function scoreCells(c) {
  const ends = span(DATA.rows.flatMap(({ scores: { [c.key]: s } }) => (s ? [s.mean, s.low, s.high] : [])));
  return (row) => {
    const s = row.scores[c.key];
    if (!s || s.mean == null) return { text: c.missing, value: null };
    const range = s.low == null ? "" : `95 % interval of the mean, resampled by place, ${s.low.toFixed(c.digits)} to ${s.high.toFixed(c.digits)}; `;
    const spread = s.std == null ? "" : `standard deviation ${s.std.toFixed(c.digits)}; `;
    return {
      text: s.mean.toFixed(c.digits) + (s.p_value != null && s.p_value < 0.05 ? "*" : ""),
      value: s.mean,
      best: c.best.includes(row.name),
      hint: `${range}${spread}${s.images} images of ${s.places} places${s.p_value == null ? "" : `; p = ${s.p_value.toPrecision(2)} against the best (Wilcoxon over places, Holm)`}`,
      whisker: s.low == null ? null : { mean: share(s.mean, ends), low: share(s.low, ends), high: share(s.high, ends) },
    };
  };
}

const measured = DATA.columns.filter((c) => DATA.rows.some((row) => row.scores[c.key]?.mean != null));

function summaryTable(table) {
  const cells = measured.map(scoreCells);
  sortable(table, [{ text: "Method", up: true }, ...measured.map(headOf)],
    DATA.rows.map((row) => [{ text: row.title, value: row.title, note: row.note }, ...cells.map((cell) => cell(row))]));
}

function costTable(table) {
  const costs = [["parameters", "Parameters"], ["cost", "Multiply-adds", "a px"], ["seconds", "Time", "s / MP"]].filter(([key]) => DATA.rows.some((row) => /\d/.test(row[key])));
  const number = (text) => (/\d/.test(text) ? parseFloat(text.replaceAll(",", "")) : null);
  if (costs.length) sortable(table, [{ text: "Method", up: true }, ...costs.map(([, text, unit]) => ({ text, unit, up: true }))],
    DATA.rows.map((row) => [{ text: row.title, value: row.title }, ...costs.map(([key]) => ({ text: row[key], value: number(row[key]) }))]));
}

function imageTable(table, column) {
  const scenes = [...new Set(DATA.rows.flatMap((row) => Object.keys(row.images)))];
  const score = (row, scene) => row.images[scene]?.[column.key] ?? null;
  const ends = span(DATA.rows.flatMap((row) => scenes.map((scene) => score(row, scene))));
  const lines = scenes.map((scene) => {
    const values = DATA.rows.map((row) => score(row, scene)), [low, high] = span(values);
    const picture = DATA.images.findIndex((image) => image.name === scene);
    const go = picture < 0 ? null : () => { goTo(picture); byId("viewer").scrollIntoView({ behavior: "smooth" }); };
    return [{ text: scene, value: scene, go, hint: go ? "look at it" : "" }, ...values.map((v) => ({
      text: v == null ? "–" : v.toFixed(column.digits), value: v, best: v != null && v === (column.higher_is_better ? high : low),
      heat: v == null ? null : column.higher_is_better ? share(v, ends) : 1 - share(v, ends),
    }))];
  });
  sortable(table, [{ text: "Image", up: true }, ...DATA.rows.map((row) => ({ text: row.title, up: !column.higher_is_better }))], lines);
}

// The scores of one scene, below its picture.
function scoreTable(table, rows, scene) {
  const ends = Object.fromEntries(measured.map((c) => [c.key, span(rows.map((row) => row.images[scene][c.key]))]));
  sortable(table, [{ text: "Method", up: true }, ...measured.map(headOf)], rows.map((row) => [
    { text: row.title, value: row.title },
    ...measured.map((c) => {
      const v = row.images[scene][c.key] ?? null;
      return { text: v == null ? "–" : v.toFixed(c.digits), value: v, best: v != null && v === ends[c.key][c.higher_is_better ? 1 : 0] };
    }),
  ]));
}

if (byId("summary")) {
  summaryTable(byId("summary"));
  costTable(byId("costs"));
}
if (byId("perimage")) {
  fill(byId("metric"), DATA.columns.map((c) => c.title), 0);
  const show = () => imageTable(byId("perimage"), DATA.columns[Number(byId("metric").value)]);
  byId("metric").addEventListener("change", show);
  show();
}
