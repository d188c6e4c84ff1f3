export type Upload = {
    name: string;
    content: Blob;
};
export type Address = {
    address: string;
};
/**
 * Whether this is an http or https address rather than a path.
 * @param {string} written
 */
export function isAddress(written: string): boolean;
/**
 * Rejects with the file system's error where there is no such file, with a `TypeError` for what is no picture.
 * @param {unknown} picture
 * @returns {Promise<Upload | Address>}
 */
export function readPicture(picture: unknown): Promise<Upload | Address>;
