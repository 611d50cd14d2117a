"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);

// Undoes log_codec.encode_picture: three planes of 11-bit codes (red, green, blue), each height * width.
async function decodePicture(id, width, height) {
  const text = document.getElementById(id).textContent;
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const size = width * height;
  const planes = [0, 1, 2].map((plane) => {
    const values = new Int32Array(size);
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const folded = (bytes[plane * size + i] << 8) | bytes[3 * size + plane * size + i];
        const residual = (folded >>> 1) ^ -(folded & 1);
        const left = x ? values[i - 1] : 0, above = y ? values[i - width] : 0;
        const corner = x && y ? values[i - width - 1] : 0;
        const low = Math.min(left, above), high = Math.max(left, above);
        const predicted = corner >= high ? low : corner <= low ? high : left + above - corner;
        values[i] = predicted + residual;
      }
    }
    return values;
  });
  const [green, red, blue] = planes;
  for (let i = 0; i < size; i++) { red[i] += green[i]; blue[i] += green[i]; }
  return [red, green, blue];
}

// Linear value, 1 = white, of every code; code 0 is black.
const LINEAR = Float64Array.from({ length: DATA.codec.top + 1 }, (_, code) =>
  code ? 2 ** (DATA.codec.lowest + (DATA.codec.highest - DATA.codec.lowest) * code / DATA.codec.top) : 0);

// 8-bit display value of every code at an exposure.
function toneCurve(stops, tone, white) {
  const gain = 2 ** stops;
  return Uint8ClampedArray.from(LINEAR, (linear) => {
    const value = linear * gain;
    if (tone === "mu") return 255 * Math.log(1 + 5000 * Math.tanh(value / white)) / Math.log(5001);
    const v = Math.min(value, 1);
    return 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
  });
}
