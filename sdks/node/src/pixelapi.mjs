/** The same classes for `import`. */
import pixelapi from "./pixelapi.js";

export const { PixelAPI, PixelAPIResult } = pixelapi;
