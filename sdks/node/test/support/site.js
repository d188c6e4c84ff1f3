/** The running site that the tests were given. Tests that need it fail without it. */
"use strict";

function site() {
  const {
    PIXELSITE_URL: url,
    PIXELSITE_API_KEY: key,
    PIXELSITE_POOR_KEY: poorKey,
    PIXELSITE_SAMPLE: sample,
  } = process.env;
  if (!url || !key || !sample) {
    throw new Error(
      "Set PIXELSITE_URL, PIXELSITE_API_KEY and PIXELSITE_SAMPLE (a folder with photo.jpg and mask.png).",
    );
  }
  return { url, key, poorKey, sample };
}

module.exports = { site };
