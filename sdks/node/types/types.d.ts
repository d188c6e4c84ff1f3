/** What goes in and what comes out. The names of options are those of the API, as JavaScript writes them. */

/**
 * A path; an http or https address, which the site fetches; bytes; a Blob; or anything that yields bytes, such as a
 * readable stream. An URL may also be a file:// one.
 */
export type Picture = string | URL | Uint8Array | ArrayBuffer | Blob | AsyncIterable<Uint8Array>;

/** `[x, y, width, height]`, or an object with these names. */
export type Box =
  | readonly [number, number, number, number]
  | { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** What to point at. Every way may be used alone or with others: what they mark is united. */
export interface Target {
  /** Of the picture's size: white goes, black stays. */
  mask?: Picture | undefined;
  /** One box that goes as it is. */
  bbox?: Box | undefined;
  /** Up to 50 such boxes. */
  boxes?: readonly Box[] | undefined;
  /** Clicks `[[x, y], …]`: the object they are on is found. */
  points?: readonly (readonly [number, number])[] | undefined;
  /** For each of `points` 1 (on the object) or 0 (not on it); by default all are on it. */
  labels?: readonly (0 | 1)[] | undefined;
  /** `[x1, y1, x2, y2]` loosely around an object: the object in it is found. */
  box?: readonly [number, number, number, number] | undefined;
  /** A sentence: what goes, and where. */
  prompt?: string | undefined;
  /** What programs make: COCO's run lengths, or polygons. */
  segmentation?: object | readonly (readonly number[])[] | undefined;
  /** Enlarge the mask: pixels (`12`), a share of its thickness (`"15%"`), or `"auto"`. */
  grow?: number | string | undefined;
  /** Your own JSON object of up to 4 KB; comes back with the job. */
  metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** How the result is wanted. */
export interface Output {
  /** Pixels of the grown ring in which the result passes over into the picture. */
  feather?: number | undefined;
  outputFormat?: "jpeg" | "png" | "webp" | undefined;
  /** 1 to 100, for jpeg and webp. */
  quality?: number | undefined;
  metadataPolicy?: "keep" | "strip" | "strip_gps" | undefined;
  mode?: "fast" | "quality" | undefined;
}

/** Of every call. */
export interface Abortable {
  /** Gives up the call, and rejects with the signal's reason. What the site has accepted goes on. */
  signal?: AbortSignal | undefined;
}

/** How a submission is made. */
export interface Call {
  /** Made for you; give your own to be able to repeat the call after your program was interrupted. */
  idempotencyKey?: string | undefined;
  /** `"30s"`, `"5m"`, `"1h"`: a job still queued then is canceled and costs nothing. */
  cancelAfter?: string | undefined;
}

export interface Waiting extends Abortable {
  /** How long to wait for the job's end, in milliseconds (600,000). */
  waitTimeoutMs?: number | undefined;
}

/** Everything a quote looks at. */
export interface Removal extends Target, Output {}

export interface QuoteOptions extends Removal, Abortable {}

export interface SubmitOptions extends Removal, Call, Abortable {
  /** Public https address that is told once when the job ends. */
  webhookUrl?: string | undefined;
}

export interface RemoveOptions extends SubmitOptions, Waiting {
  /** `false` returns the job at once, as `submit` does. */
  wait?: boolean | undefined;
}

export interface SegmentOptions extends Target, Call, Waiting {}

export type JobStatus = "queued" | "processing" | "completed" | "failed" | "blocked" | "canceled";

/** A job as it stood when it was asked about. */
export interface Job {
  readonly id: string;
  readonly status: JobStatus;
  readonly operation: string;
  readonly creditsUsed: number;
  /** Signed, expires, needs no key. */
  readonly outputUrl: string | null;
  /** 0 to 100. */
  readonly progress: number;
  readonly stage: string | null;
  readonly placeInLine: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly review: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly engine: string | null;
  /** What was changed and what was not, with checksums. */
  readonly receipt: Readonly<Record<string, any>> | null;
  /** What points, a box or a sentence were found to mean. */
  readonly selection: Readonly<Record<string, any>> | null;
  readonly metadata: Readonly<Record<string, any>> | null;
  readonly createdAt: Date | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly sandbox: boolean;
  readonly warnings: readonly string[];
  /** Whether nothing will change any more. */
  readonly isEnded: boolean;
  /** The answer itself. */
  readonly raw: Readonly<Record<string, any>>;
}

/** What the account can spend. */
export interface Balance {
  readonly creditsRemaining: number;
  readonly creditsHeld: number;
  readonly plan: string;
  readonly email: string;
  readonly raw: Readonly<Record<string, any>>;
}

/** What a submission would cost, and whether it would be accepted now. */
export interface Quote {
  readonly operation: string;
  readonly credits: number;
  readonly creditsRemaining: number;
  readonly wouldBeAccepted: boolean;
  /** Why it would be refused now. */
  readonly refusal: { readonly code: string; readonly detail: string } | null;
  readonly warnings: readonly string[];
  readonly raw: Readonly<Record<string, any>>;
}

/** One job in the list of recent ones. */
export interface UsageLine {
  readonly id: string;
  readonly operation: string;
  readonly status: JobStatus;
  readonly creditsUsed: number;
  readonly model: string | null;
  readonly outputUrl: string | null;
  readonly createdAt: Date | null;
  readonly sandbox: boolean;
  readonly raw: Readonly<Record<string, any>>;
}

/** An operation, what it costs, and whether a worker offers it now. */
export interface Model {
  readonly operation: string;
  readonly title: string;
  readonly endpoint: string;
  readonly credits: number;
  /** Null where no model does it on this site. */
  readonly typicalSeconds: number | null;
  readonly engine: string | null;
  readonly device: string | null;
  readonly available: boolean;
  readonly raw: Readonly<Record<string, any>>;
}

export interface UsageOptions extends Abortable {
  status?: JobStatus | undefined;
  operation?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  /** Lines of one request (100). */
  pageSize?: number | undefined;
}

export interface Settings {
  /** Else PIXELSITE_API_KEY. */
  apiKey?: string | undefined;
  /** Address of the site; else PIXELSITE_BASE_URL. */
  baseUrl?: string | undefined;
  /** How long the site may be silent, in milliseconds (60,000). */
  timeoutMs?: number | undefined;
  /** How often a request is sent again after a connection failed or the site was busy (4). */
  retries?: number | undefined;
  /** Instead of the global `fetch`: for proxies, certificates and connection limits. */
  fetch?: typeof fetch | undefined;
  /** Told of every request that is sent again. */
  onRetry?: ((told: { readonly reason: string; readonly pauseMs: number }) => void) | undefined;
}

export interface SaveOptions extends Abortable {
  /** `false` rejects with EEXIST instead of replacing a file (true). */
  overwrite?: boolean | undefined;
}

/** Headers of a request that came in: a `Headers`, or an object as Node's `request.headers`. */
export type IncomingHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a webhook tells. `id` stays the same on every try: remember it, an event may arrive twice. */
export interface WebhookEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, any>>;
  /** The job, of events about one. */
  readonly job: Job | null;
}

export interface VerifyOptions {
  /** How old an event may be, in milliseconds (300,000). */
  toleranceMs?: number | undefined;
  /** Milliseconds since 1970: the clock, for tests. */
  now?: number | undefined;
}

/** A picture of a batch, alone or with its own mask. Addresses are for `removeObject` and `removeMany`. */
export type BatchImage = Picture | { image: Picture; mask: Picture };

/** `mask` is one mask for all pictures of its size; so are the other ways to point. */
export interface SubmitBatchOptions extends Removal, Call, Abortable {
  /** Public https address that is told once of each job. */
  webhookUrl?: string | undefined;
}

export interface BatchQuoteOptions extends Removal, Abortable {}

export interface WaitBatchOptions extends Waiting {
  /** Told whenever something has changed, and at last of the ended batch. */
  onProgress?: ((batch: BatchFacts) => void) | undefined;
}

export interface BatchOptions extends SubmitBatchOptions, WaitBatchOptions {}

export interface RetryBatchOptions extends WaitBatchOptions {
  idempotencyKey?: string | undefined;
}

export type JobCounts = Readonly<Record<JobStatus, number>>;

/** How a batch stands. */
export interface BatchFacts {
  readonly id: string;
  /** `completed` once all have ended and at least one has a result. */
  readonly status: "queued" | "processing" | "completed" | "failed" | "canceled";
  readonly operation: string;
  readonly total: number;
  readonly accepted: number;
  readonly refused: number;
  readonly counts: JobCounts;
  /** 0 to 100, over all pictures. */
  readonly progress: number;
  readonly creditsUsed: number;
  readonly createdAt: Date | null;
  readonly endedAt: Date | null;
  readonly sandbox: boolean;
  readonly isEnded: boolean;
  /** One line for each picture, in the order they were given. */
  readonly lines: readonly BatchLine[];
  /** The pictures that a retry has submitted again. */
  readonly retried: readonly number[];
  /** Those that it could not, and why. */
  readonly notRetried: readonly { readonly index: number; readonly filename: string; readonly error: LineError }[];
  readonly raw: Readonly<Record<string, any>>;
}

export interface LineError {
  readonly code: string;
  readonly message: string;
}

/** One picture of a batch. `jobId` is null for one that was refused: nothing of it is stored or charged. */
export interface BatchLine {
  readonly index: number;
  readonly filename: string;
  readonly jobId: string | null;
  readonly status: JobStatus;
  readonly progress: number;
  readonly creditsUsed: number;
  readonly outputUrl: string | null;
  readonly error: LineError | null;
  readonly warnings: readonly string[];
}

/** What a batch would cost, and which of its pictures would be accepted now. */
export interface BatchQuote {
  readonly operation: string;
  /** What the accepted ones would cost together. */
  readonly credits: number;
  readonly creditsEach: number;
  readonly creditsRemaining: number;
  readonly total: number;
  readonly accepted: number;
  readonly refused: number;
  /** Whether at least one would be. */
  readonly wouldBeAccepted: boolean;
  readonly lines: readonly {
    readonly index: number;
    readonly filename: string;
    readonly wouldBeAccepted: boolean;
    readonly refusal: { readonly code: string; readonly detail: string } | null;
    readonly warnings: readonly string[];
  }[];
  readonly raw: Readonly<Record<string, any>>;
}

/** A picture, or a picture with options of its own. */
export type ManyItem<O> = Picture | ({ image: Picture } & O);

/** One picture of many: a `result`, or the `error` that there is instead. Both, if only `onDone` failed. */
export interface Outcome<R> {
  readonly index: number;
  readonly source: unknown;
  readonly result: R | null;
  readonly error: Error | null;
}

export interface Many<R> {
  /** Pictures at a time (4). */
  concurrency?: number | undefined;
  /** Called for each as it is done, such as to save it; where it throws, that picture failed. */
  onDone?: ((outcome: Outcome<R> & { readonly result: R }) => unknown) | undefined;
  /** Told of every one that has ended, done or failed. `total` is null while nobody knows. */
  onProgress?: ((told: { ended: number; failed: number; total: number | null }) => void) | undefined;
}
