// What a mask is made of, and how it is drawn: strokes of the brush and the eraser, and areas that were found.
// Both are kept in pixels of the full photo, so the preview, the export and a look for paint draw them alike.

/** @typedef {{erases: boolean, size: number, points: number[]}} Stroke  points: x, y, x, y… in photo pixels */

/** A picture of the area, coarser than the photo where that is large; transparent where nothing is to go.
 * @typedef {{erases: false, picture: OffscreenCanvas, left: number, top: number, width: number, height: number}} Area */

/** @typedef {Stroke | Area} Mark */
/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context */

/** @param {Context} context  in pixels of the photo @param {Mark} mark @param {string | CanvasPattern} paint  for strokes */
export function drawMark(context, mark, paint) {
  context.globalCompositeOperation = mark.erases ? "destination-out" : "source-over";
  if ("picture" in mark) context.drawImage(mark.picture, mark.left, mark.top, mark.width, mark.height);
  else drawStroke(context, mark, paint);
}

/**
 * Canvas paths leave out lines without length, so a dot begins every stroke.
 * @param {Context} context @param {Stroke} stroke @param {string | CanvasPattern} paint
 */
function drawStroke(context, { size, points }, paint) {
  context.fillStyle = context.strokeStyle = paint;
  context.beginPath();
  context.arc(points[0], points[1], size / 2, 0, 2 * Math.PI);
  context.fill();
  context.lineWidth = size;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(points[0], points[1]);
  for (let i = 2; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
  context.stroke();
}

/** How far a mark reaches, in pixels of the photo. @param {Mark} mark */
export function reach(mark) {
  if ("picture" in mark) return { left: mark.left, top: mark.top, bottom: mark.top + mark.height };
  const { points, size } = mark;
  let [left, top, bottom] = [Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]);
    top = Math.min(top, points[i + 1]);
    bottom = Math.max(bottom, points[i + 1]);
  }
  return { left: left - size / 2, top: top - size / 2, bottom: bottom + size / 2 };
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
