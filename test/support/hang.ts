/**
 * A wait that is longer than this is a hang. Tests use it as their only upper bound of time: a machine that is ten times
 * slower than a developer's must not fail them. Below `TIMEOUT_MS` of scripts/test.ts, so that the test's own message
 * is what is read.
 */
export const HANG_MS = 30_000;
