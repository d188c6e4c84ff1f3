export * from "./pixelapi.js";
