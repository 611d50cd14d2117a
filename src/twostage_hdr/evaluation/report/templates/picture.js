// Pictures by scene and pane: decoded once, and kept as bitmaps for the exposures looked at last.
const decoded = new Map();
const bitmaps = new Map();
const MOST_BITMAPS = 64;

function planesOf(scene, name) {
  const image = DATA.images[scene], id = image.panes[name];
  if (!decoded.has(id)) decoded.set(id, decodePicture(id, image.width, image.height));
  return decoded.get(id);
}

function kept(key, make) {
  const bitmap = bitmaps.get(key) ?? make();
  bitmaps.delete(key); // the latest goes to the end, the oldest is the first to leave
  bitmaps.set(key, bitmap);
  if (bitmaps.size > MOST_BITMAPS) bitmaps.delete(bitmaps.keys().next().value);
  return bitmap;
}

async function rendered(scene, name, stops, tone) {
  const image = DATA.images[scene], planes = await planesOf(scene, name);
  return kept([scene, name, stops, tone].join("|"), () => {
    const curve = toneCurve(stops, tone, image.white);
    return bitmapOf(image, (i, data, o) => {
      for (let c = 0; c < 3; c++) data[o + c] = curve[planes[c][i]];
    });
  });
}

const luminance = (planes, i) => 0.2126 * LINEAR[planes[0][i]] + 0.7152 * LINEAR[planes[1][i]] + 0.0722 * LINEAR[planes[2][i]];
const FLOOR = 0.005 / 200; // PU21's lowest luminance with white at 200 cd/m^2
const stopsBetween = (to, from, i) => Math.log2(Math.max(luminance(to, i), FLOOR) / Math.max(luminance(from, i), FLOOR));

// log2 of luminance, `right` over `left`: blue is darker, red is brighter, the ends are 3 stops.
async function difference(scene, left, right) {
  const image = DATA.images[scene], from = await planesOf(scene, left), to = await planesOf(scene, right);
  return kept([scene, left, right, "difference"].join("|"), () => bitmapOf(image, (i, data, o) => {
    const t = Math.max(-1, Math.min(1, stopsBetween(to, from, i) / 3)), end = t < 0 ? [33, 102, 172] : [178, 24, 43];
    for (let c = 0; c < 3; c++) data[o + c] = 247 + (end[c] - 247) * Math.abs(t);
  }));
}

function bitmapOf(image, set) {
  const pixels = new ImageData(image.width, image.height);
  for (let i = 0, o = 0; i < image.width * image.height; i++, o += 4) {
    set(i, pixels.data, o);
    pixels.data[o + 3] = 255;
  }
  const canvas = element("canvas", { width: image.width, height: image.height });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}
