/** What the command ends with. */
"use strict";

const {
  AuthenticationFailed,
  ConfigurationError,
  ConnectionFailed,
  PaymentRequired,
  PermissionDenied,
} = require("../errors.js");

const EXIT = { done: 0, failed: 1, wrongLine: 2, refusedKey: 3, noCredits: 4, unreachable: 5, interrupted: 130 };

const EPILOG = `\
exit codes:
  0    everything was done
  1    something failed, or failures were of several kinds
  2    the command line is wrong
  3    the API key is missing, wrong, or may not do that
  4    the account or the key has too few credits
  5    the site cannot be reached
  130  interrupted
`;

/** @param {unknown} error */
function codeOf(error) {
  if ([AuthenticationFailed, PermissionDenied, ConfigurationError].some((Kind) => error instanceof Kind)) {
    return EXIT.refusedKey;
  }
  if (error instanceof PaymentRequired) return EXIT.noCredits;
  return error instanceof ConnectionFailed ? EXIT.unreachable : EXIT.failed;
}

/**
 * The exit code of many pictures: that of their failures, if all are of one kind.
 * @param {readonly unknown[]} errors
 */
function codeOfAll(errors) {
  const codes = new Set(errors.map(codeOf));
  if (!codes.size) return EXIT.done;
  return codes.size === 1 ? /** @type {number} */ ([...codes][0]) : EXIT.failed;
}

module.exports = { EPILOG, EXIT, codeOf, codeOfAll };
