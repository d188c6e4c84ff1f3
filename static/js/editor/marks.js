// What a mask is made of, and how it is drawn: strokes of the brush and the eraser, outlined shapes, areas that were
// found or reckoned, and the mask turned inside out. All are kept in pixels of the full photo, so the preview, the
// export and a look for paint draw them alike.

/** Points: x, y, x, y… in photo pixels. `sizes` where a pen pressed now harder, now softer: one for each point.
 * @typedef {{erases: boolean, size: number, points: number[], sizes?: number[]}} Stroke */

/** @typedef {{erases: boolean, outline: number[]}} Shape  x, y, x, y… in photo pixels */

/** A picture of the area, coarser than the photo where that is large; transparent where nothing is to go.
 * With `isAll` it stands for everything painted before it.
 * @typedef {{erases: false, picture: OffscreenCanvas, left: number, top: number, width: number, height: number, isAll?: boolean}} Area */

/** @typedef {{erases: false, inverts: true}} Inversion */

/** @typedef {Stroke | Shape | Area | Inversion} Mark */
/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context */

const ENDLESS = 1e6; // beyond any photo

/** @param {Context} context  in pixels of the photo @param {Mark} mark @param {string | CanvasPattern} paint  for strokes */
export function drawMark(context, mark, paint) {
  context.globalCompositeOperation = mark.erases ? "destination-out" : "source-over";
  if ("picture" in mark) context.drawImage(mark.picture, mark.left, mark.top, mark.width, mark.height);
  else if ("outline" in mark) drawShape(context, mark, paint);
  else if ("inverts" in mark) invert(context, paint);
  else drawStroke(context, mark, paint);
}

/** @param {Context} context @param {string | CanvasPattern} paint */
function invert(context, paint) {
  context.globalCompositeOperation = "source-out";
  context.fillStyle = paint;
  context.fillRect(-ENDLESS, -ENDLESS, 2 * ENDLESS, 2 * ENDLESS);
}

/** @param {Context} context @param {Shape} shape @param {string | CanvasPattern} paint */
function drawShape(context, { outline }, paint) {
  context.fillStyle = paint;
  context.beginPath();
  follow(context, outline);
  context.fill();
}

/**
 * Canvas paths leave out lines without length, so a dot begins every stroke.
 * @param {Context} context @param {Stroke} stroke @param {string | CanvasPattern} paint
 */
function drawStroke(context, { size, points, sizes }, paint) {
  context.fillStyle = context.strokeStyle = paint;
  context.beginPath();
  context.arc(points[0], points[1], (sizes?.[0] ?? size) / 2, 0, 2 * Math.PI);
  context.fill();
  context.lineCap = context.lineJoin = "round";
  if (sizes) return drawPressed(context, points, sizes);
  context.lineWidth = size;
  context.beginPath();
  follow(context, points);
  return context.stroke();
}

/** @param {Context} context @param {number[]} points @param {number[]} sizes */
function drawPressed(context, points, sizes) {
  for (let i = 2; i < points.length; i += 2) {
    context.lineWidth = sizes[i / 2];
    context.beginPath();
    follow(context, points.slice(i - 2, i + 2));
    context.stroke();
  }
}

/** @param {Context} context @param {number[]} points */
function follow(context, points) {
  context.moveTo(points[0], points[1]);
  for (let i = 2; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
}

/** How far a mark reaches, in pixels of the photo. @param {Mark} mark */
export function reach(mark) {
  if ("inverts" in mark) return { left: 0, top: -Infinity, bottom: Infinity };
  if ("picture" in mark) return { left: mark.left, top: mark.top, bottom: mark.top + mark.height };
  const points = "outline" in mark ? mark.outline : mark.points;
  const margin = "outline" in mark ? 0 : Math.max(mark.size, ...(mark.sizes ?? [])) / 2;
  let [left, top, bottom] = [Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]);
    top = Math.min(top, points[i + 1]);
    bottom = Math.max(bottom, points[i + 1]);
  }
  return { left: left - margin, top: top - margin, bottom: bottom + margin };
}

/** Is anything painted after all of them? Looks at a small drawing, for the eraser may have taken it all.
 * @param {Mark[]} marks @param {{width: number, height: number}} photo */
export function leavePaint(marks, { width, height }) {
  if (!marks.some((mark) => !mark.erases)) return false;
  const scale = Math.min(1, 256 / Math.max(width, height));
  const small = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const context = small.getContext("2d", { willReadFrequently: true });
  context.scale(scale, scale);
  for (const mark of marks) drawMark(context, mark, "#fff");
  const { data } = context.getImageData(0, 0, small.width, small.height);
  for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha] > 0) return true;
  return false;
}

/** A tile of the stripes that show the mask on a red rose too. @param {number} side */
export function hatchTile(side) {
  const tile = new OffscreenCanvas(side, side);
  const pen = tile.getContext("2d");
  pen.fillStyle = "#e11d4f";
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = "#ff7d9c";
  pen.lineWidth = side / 3;
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift - side / 2, side * 1.5);
    pen.lineTo(shift + side * 1.5, -side / 2);
  }
  pen.stroke();
  return tile;
}

/** Colours an area as a stroke is coloured; what is transparent stays so. @param {Area} area @param {CanvasPattern} paint */
export function hatchArea({ picture, left, top, width, height }, paint) {
  const context = picture.getContext("2d");
  const [across, down] = [picture.width / width, picture.height / height];
  context.setTransform(across, 0, 0, down, -left * across, -top * down);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = paint;
  context.fillRect(left, top, width, height);
}
