// Where things of a night stand on its canvas: fitted to what is drawn, moved by dragging, zoomed by wheel.

const MARGIN = 24;
const CLOSEST = 40;

/** Return a view of a night that follows the size of the canvas; `redraw` is called when it moved. */
export function fitted(canvas, night, redraw) {
  // A piece of one fix draws no line: it is a jump that was flagged, and may lie far away.
  const pieces = night.patrols.flatMap((patrol) => patrol.pieces).filter((piece) => piece.length > 1);
  const places = [...pieces.flat().map(([, x, y]) => [x, y]), ...night.stops.map(({ lon, lat }) => [lon, lat])];
  const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]));
  const least = (values) => values.reduce((one, other) => Math.min(one, other), Infinity);
  const most = (values) => values.reduce((one, other) => Math.max(one, other), -Infinity);
  const box = places.length ? [least(xs), least(ys), most(xs), most(ys)] : [0, 0, 1, 1];
  const squeeze = Math.cos((((box[1] + box[3]) / 2 / night.units) * Math.PI) / 180);
  const moved = { x: 0, y: 0, zoom: 1 };
  let scale = 1;

  function resize() {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    const wide = (canvas.clientWidth - 2 * MARGIN) / Math.max((box[2] - box[0]) * squeeze, 1);
    const high = (canvas.clientHeight - 2 * MARGIN) / Math.max(box[3] - box[1], 1);
    scale = Math.min(wide, high);
  }

  function toScreen(x, y) {
    const size = scale * moved.zoom;
    const middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    return [canvas.clientWidth / 2 + moved.x + (x - middle[0]) * squeeze * size, canvas.clientHeight / 2 + moved.y - (y - middle[1]) * size];
  }

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const zoom = Math.min(Math.max(moved.zoom * Math.exp(-event.deltaY / 400), 1), CLOSEST);
    const [x, y] = [event.offsetX - canvas.clientWidth / 2, event.offsetY - canvas.clientHeight / 2];
    // What is under the pointer stays there.
    Object.assign(moved, { x: x - ((x - moved.x) * zoom) / moved.zoom, y: y - ((y - moved.y) * zoom) / moved.zoom, zoom });
    redraw();
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    moved.x += event.movementX;
    moved.y += event.movementY;
    redraw();
  });
  new ResizeObserver(() => {
    resize();
    redraw();
  }).observe(canvas);
  resize();
  return { toScreen };
}
