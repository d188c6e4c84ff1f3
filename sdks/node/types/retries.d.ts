export type Answer = import("./messages.js").Answer;
/**
 * Nothing came back; `isFinal`: trying again is of no use.
 */
export type NoAnswer = {
    reason: string;
    isFinal: boolean;
};
/**
 * Milliseconds before try `attempt` + 2: twice as long each time, and by chance up to half as short.
 * @param {number} attempt
 * @param {() => number} [chance]
 * @returns {number}
 */
export function backoffMs(attempt: number, chance?: () => number): number;
/**
 * Milliseconds to wait before sending again after this reply to try `attempt` (from 0); null: leave it at that.
 * @param {number} retries
 * @param {number} attempt
 * @param {Answer | NoAnswer} reply
 * @returns {number | null}
 */
export function pauseMs(retries: number, attempt: number, reply: Answer | NoAnswer): number | null;
