/**
 * Remove things from photos with Pixelsite.
 *
 *     const { Pixelsite } = require("pixelsite-client");
 *     const result = await new Pixelsite().removeObject("photo.jpg", { mask: "mask.png" });
 *     await result.save("clean.jpg");
 */
"use strict";

const { Batch } = require("./batches.js");
const { Pixelsite } = require("./client.js");
const {
  ApiError,
  AuthenticationFailed,
  BatchTimeout,
  ConfigurationError,
  Conflict,
  ConnectionFailed,
  Gone,
  InsufficientCredits,
  InvalidRequest,
  JobBlocked,
  JobCanceled,
  JobFailed,
  JobNotDone,
  KeyCapReached,
  NotFound,
  PaymentRequired,
  PermissionDenied,
  PixelsiteError,
  RateLimited,
  ServerError,
  ServiceUnavailable,
  UnexpectedAnswer,
  VerificationFailed,
  WaitTimeout,
} = require("./errors.js");
const { Result } = require("./results.js");
const { signWebhook, verifyWebhook } = require("./webhooks.js");
const { version } = require("./version.js");

module.exports = {
  ApiError,
  AuthenticationFailed,
  Batch,
  BatchTimeout,
  ConfigurationError,
  Conflict,
  ConnectionFailed,
  Gone,
  InsufficientCredits,
  InvalidRequest,
  JobBlocked,
  JobCanceled,
  JobFailed,
  JobNotDone,
  KeyCapReached,
  NotFound,
  PaymentRequired,
  PermissionDenied,
  Pixelsite,
  PixelsiteError,
  RateLimited,
  Result,
  ServerError,
  ServiceUnavailable,
  UnexpectedAnswer,
  VerificationFailed,
  WaitTimeout,
  signWebhook,
  verifyWebhook,
  version,
};
