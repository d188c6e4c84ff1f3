// The call of the API that does what was just done here, in three languages.

/** @typedef {{site: string, photo: string, mask: string, result: string, softPx: number}} Call */

/** @param {Call} call @returns {Record<"curl" | "python" | "node", string>} */
export function callCode({ site, photo, mask, result, softPx }) {
  const [shell, code] = [(/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`, JSON.stringify];
  const grow = softPx ? String(softPx) : "auto";
  const soft = softPx ? ` \\\n  -F feather=${softPx}` : "";
  return {
    curl: `curl ${site}/v1/image/remove-object \\
  -H "Authorization: Bearer $PIXELSITE_API_KEY" -H "Prefer: wait=60" \\
  -F image=@${shell(photo)} -F mask=@${shell(mask)} \\
  -F grow=${grow}${soft}
# The answer's output_url is the result.`,
    python: `from pixelsite_client import Pixelsite

client = Pixelsite(base_url=${code(site)})  # the key is in PIXELSITE_API_KEY
result = client.remove_object(
    ${code(photo)},
    mask=${code(mask)},
    grow=${code(softPx || "auto")},${softPx ? `\n    feather=${softPx},` : ""}
)
result.save(${code(result)})`,
    node: `import { Pixelsite } from "pixelsite-client";

const client = new Pixelsite({ baseUrl: ${code(site)} }); // the key is in PIXELSITE_API_KEY
const result = await client.removeObject(${code(photo)}, {
  mask: ${code(mask)},
  grow: ${code(softPx || "auto")},${softPx ? `\n  feather: ${softPx},` : ""}
});
await result.save(${code(result)});`,
  };
}
