/** Bounds for an executable. */
export interface RunnerLimits {
  /** Bytes of one line. */
  readonly lineBytes: number;
  /** After a SIGTERM, before a SIGKILL. Below a second: an aborted sync waits for no longer. */
  readonly killAfterMs: number;
  /** For the whole of `spec`, which touches nothing. Real time: executables live in it. */
  readonly specMs: number;
  /** For the whole of `check` and of `discover`. A `read` or `write` has the engine's watchdog. */
  readonly answerMs: number;
}

export const RUNNER_LIMITS: RunnerLimits = {
  lineBytes: 64 * 1024 * 1024,
  killAfterMs: 500,
  specMs: 120_000,
  answerMs: 1_800_000,
};
