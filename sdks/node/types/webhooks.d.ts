export type WebhookEvent = import("./types").WebhookEvent;
/**
 * The headers that the site would send with this body: for testing what receives them.
 * @param {string | Uint8Array} payload
 * @param {{ secret: string, id: string, timestamp: number }} how `timestamp` in seconds since 1970.
 * @returns {Record<string, string>}
 */
export function signWebhook(payload: string | Uint8Array, { secret, id, timestamp }: {
    secret: string;
    id: string;
    timestamp: number;
}): Record<string, string>;
/**
 * Return the event. Throws `VerificationFailed`, or `ConfigurationError` for a secret that is none.
 * @param {string | Uint8Array} payload The body as it came: not parsed and written again.
 * @param {import("./types").IncomingHeaders} headers
 * @param {string | readonly string[]} secret The endpoint's, or several of them.
 * @param {import("./types").VerifyOptions} [options]
 * @returns {WebhookEvent}
 */
export function verifyWebhook(payload: string | Uint8Array, headers: import("./types").IncomingHeaders, secret: string | readonly string[], { toleranceMs, now }?: import("./types").VerifyOptions): WebhookEvent;
