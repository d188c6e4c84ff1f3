/** What a program may write, and what the compiler refuses. It is compiled, never run. */
import {
  type BatchFacts,
  type Box,
  type Job,
  type Outcome,
  type RemoveOptions,
  Batch,
  InsufficientCredits,
  Pixelsite,
  PixelsiteError,
  Result,
  signWebhook,
  verifyWebhook,
} from "pixelsite-client";
import { PixelAPI } from "pixelsite-client/pixelapi";

const client = new Pixelsite({
  apiKey: "pk_live_x",
  baseUrl: "https://pixelsite.example",
  timeoutMs: 5000,
  retries: 2,
});
const box: Box = [1, 2, 3, 4];
const options: RemoveOptions = { bbox: box, outputFormat: "png", grow: "15%", metadata: { order: 17 } };

export async function calls(signal: AbortSignal): Promise<void> {
  const result: Result = await client.removeObject("photo.jpg", { ...options, wait: true, signal });
  const job: Job = await client.removeObject(new Uint8Array(3), { mask: new Blob(["x"]), wait: false });
  const plain: Result = await client.removeObject(new URL("https://example.com/a.jpg"), { prompt: "the date" });
  const path: string = await result.save("clean.png", { overwrite: false });
  const bytes: Uint8Array = await plain.bytes();
  const url: string | null = result.url;
  const found: Result = await client.segment("photo.jpg", { points: [[1, 2]], labels: [1] });
  const again: Result = await client.wait(job.id, { waitTimeoutMs: 5 });
  const refusal: string | undefined = (await client.quote("photo.jpg", { boxes: [box] })).refusal?.detail;
  for await (const line of client.usage({ since: new Date(), status: "completed" })) console.log(line.creditsUsed);
  const batch: Batch = await client.batch([{ image: "a.jpg", mask: "a.png" }, "b.jpg"], {
    onProgress: (facts: BatchFacts) => console.log(facts.counts.completed, facts.lines[0]?.error?.code),
  });
  const outcomes: Outcome<Result>[] = await client.removeMany(["a.jpg", { image: "b.jpg", prompt: "x" }], {
    onDone: ({ result, index }) => result.save(`clean-${index}.jpg`),
  });
  console.log(
    path,
    bytes,
    url,
    found.selection?.["area_share"],
    again,
    refusal,
    batch.done,
    outcomes[0]?.error?.message,
  );
}

export function errors(error: unknown): number | null {
  if (error instanceof InsufficientCredits) return error.required;
  if (error instanceof PixelsiteError) console.log(error.code, error.requestId, error.idempotencyKey);
  return null;
}

export function webhook(body: Uint8Array, headers: Headers): Job | null {
  signWebhook(body, { secret: "whsec_eA==", id: "evt_1", timestamp: 5 });
  return verifyWebhook(body, headers, ["whsec_eA=="], { toleranceMs: 1000 }).job;
}

export async function facade(): Promise<string> {
  const result = await new PixelAPI().removeObject({ image: "photo.jpg", mask: "mask.png" });
  return result.generationId;
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error a misspelt option
  await client.removeObject("photo.jpg", { promt: "x" });
  // @ts-expect-error a format that is none
  await client.removeObject("photo.jpg", { outputFormat: "gif" });
  // @ts-expect-error a box of three
  await client.removeObject("photo.jpg", { bbox: [1, 2, 3] });
  // @ts-expect-error nothing is pointed at
  await client.removeObject("photo.jpg");
  // @ts-expect-error what is only submitted has no picture yet
  (await client.submit("photo.jpg", { prompt: "x" })).save("a.jpg");
  // @ts-expect-error a number is no picture
  await client.removeObject(5, { prompt: "x" });
  // @ts-expect-error segmenting has no format
  await client.segment("photo.jpg", { prompt: "x", outputFormat: "png" });
  // @ts-expect-error answers are read, not written
  (await client.balance()).creditsRemaining = 5;
  // @ts-expect-error one key for all would be one job for all
  await client.removeMany(["a.jpg"], { prompt: "x", idempotencyKey: "one" });
}
