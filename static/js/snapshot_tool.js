// A picture of the map as it stands, as PNG or PDF, made in the browser: nothing leaves the machine.

import { config, formatMoment, words } from "./config.js";
import { buttonRow, element } from "./elements.js";

const HEAD_PX = 64;
const FOOT_PX = 30;
const FONT = "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei',system-ui,sans-serif";

export const snapshotTool = { id: "snapshot", icon: "camera", key: "p", title: () => words("tool_snapshot"), open };

function open(body, { map, viewState, say, whenDrawn }) {
  const title = element("input", { type: "text", id: "snapshot-title", maxLength: 80, autocomplete: "off" });
  const note = element("p", { className: "tool-note", attributes: { role: "status" } });
  const make = (finish) => async () => {
    note.textContent = words("loading");
    try {
      await whenDrawn();
      const canvas = pictureOf(map, viewState.current, title.value.trim());
      await finish(canvas);
      note.textContent = "";
      say(words("snapshot_done"));
    } catch (error) {
      note.textContent = `${words("snapshot_failed")} ${error.message}`;
    }
  };
  const stamp = () => `jingwei-${formatMoment(Date.now()).replace(/[: ]/g, "-")}`;
  body.replaceChildren(
    element("div", { className: "field-line" }, [element("label", { htmlFor: "snapshot-title", textContent: words("snapshot_title") }), title]),
    buttonRow([
      ["PNG", make(async (canvas) => download(await blobOf(canvas, "image/png"), `${stamp()}.png`)), "primary"],
      ["PDF", make(async (canvas) => download(await pdfOf(canvas), `${stamp()}.pdf`)), "primary"],
    ]),
    note, element("p", { className: "tool-note", textContent: words("snapshot_hint") }),
  );
}

/** Return a canvas of the map with its title, time, scale and where the data end. */
export function pictureOf(map, state, title) {
  const frame = map.getContainer().getBoundingClientRect();
  const sharpness = Math.min(devicePixelRatio || 1, 2);
  const canvas = Object.assign(document.createElement("canvas"), { width: frame.width * sharpness, height: (frame.height + HEAD_PX + FOOT_PX) * sharpness });
  const context = canvas.getContext("2d");
  context.scale(sharpness, sharpness);
  context.fillStyle = "#0b1219";
  context.fillRect(0, 0, frame.width, frame.height + HEAD_PX + FOOT_PX);
  context.save();
  context.beginPath();
  context.rect(0, HEAD_PX, frame.width, frame.height);
  context.clip();
  for (const part of partsOf(map)) {
    const box = part.getBoundingClientRect();
    context.globalAlpha = opacityOf(part, map.getContainer());
    context.drawImage(part, box.left - frame.left, box.top - frame.top + HEAD_PX, box.width, box.height);
  }
  context.restore();
  write(context, title || config.city.name, 16, 26, `600 20px ${FONT}`, "#e6edf5");
  const layers = config.layers.filter(({ id, group }) => state.layers.has(id) && group !== "basemap").map((layer) => layer.title).join(" · ");
  write(context, [`${state.from} – ${state.to}`, state.night, layers].filter(Boolean).join("   "), 16, 49, `400 13px ${FONT}`, "#a4b6c8", frame.width - 32);
  const metres = map.distance(map.containerPointToLatLng([0, 0]), map.containerPointToLatLng([100, 0]));
  const foot = [config.city.synthetic ? words("synthetic") : "", words("snapshot_at", { moment: formatMoment(Date.now()) }), `100 px = ${Math.round(metres)} m`, "经纬 Jingwei"];
  write(context, foot.filter(Boolean).join("   "), 16, frame.height + HEAD_PX + 20, `400 12px ${FONT}`, "#a4b6c8", frame.width - 32);
  return canvas;
}

function write(context, text, x, y, font, fillStyle, most = undefined) {
  Object.assign(context, { font, fillStyle, textBaseline: "alphabetic" });
  context.fillText(text, x, y, most);
}

/** Return what is drawn on the map, from below: panes by their order, then as they stand in the document. */
function partsOf(map) {
  const order = (part) => Number(getComputedStyle(part.closest(".leaflet-pane:not(.leaflet-map-pane)") ?? part).zIndex) || 0;
  const within = (part) => Number(getComputedStyle(part.closest(".leaflet-layer, .leaflet-gl-layer") ?? part).zIndex) || 0;
  return [...map.getContainer().querySelectorAll("canvas, img.leaflet-tile")]
    // A picture that holds an image of another server cannot be saved.
    .filter((part) => !part.src || new URL(part.src).origin === location.origin)
    .filter((part) => part.getBoundingClientRect().width > 0 && (part.width > 0 || part.naturalWidth > 0) && part.closest("[hidden]") === null)
    .map((part, n) => ({ part, n, pane: order(part), layer: within(part) }))
    .sort((one, other) => one.pane - other.pane || one.layer - other.layer || one.n - other.n)
    .map(({ part }) => part);
}

function opacityOf(part, root) {
  let share = 1;
  for (let at = part; at && at !== root; at = at.parentElement) share *= Number(getComputedStyle(at).opacity);
  return share;
}

const blobOf = (canvas, type, quality) => new Promise((resolve, reject) => {
  canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(type))), type, quality);
});

function download(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Return a PDF of one page in the picture's own shape, as wide as A4 is long; the picture lies in it as a JPEG. */
export async function pdfOf(canvas) {
  const jpeg = new Uint8Array(await (await blobOf(canvas, "image/jpeg", 0.92)).arrayBuffer());
  const [width, height] = [842, Math.round((842 * canvas.height) / canvas.width)];
  const drawing = `q ${width} 0 0 ${height} 0 0 cm /Map Do Q`;
  const objects = [
    ["<< /Type /Catalog /Pages 2 0 R >>"],
    ["<< /Type /Pages /Kids [3 0 R] /Count 1 >>"],
    [`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${width} ${height}] /Contents 5 0 R /Resources << /XObject << /Map 4 0 R >> >> >>`],
    [`<< /Type /XObject /Subtype /Image /Width ${canvas.width} /Height ${canvas.height} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length ${jpeg.length} >>\nstream\n`, jpeg, "\nendstream"],
    [`<< /Length ${drawing.length} >>\nstream\n${drawing}\nendstream`],
  ];
  const parts = ["%PDF-1.4\n"];
  const starts = [];
  let size = parts[0].length;
  const push = (part) => {
    parts.push(part);
    size += part.length;
  };
  for (const [n, content] of objects.entries()) {
    starts.push(size);
    push(`${n + 1} 0 obj\n`);
    content.forEach(push);
    push("\nendobj\n");
  }
  const table = size;
  push(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${starts.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("")}`);
  push(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`);
  return new Blob(parts, { type: "application/pdf" });
}
