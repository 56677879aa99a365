/** Defaults are Airbyte's, so that a connection moved over behaves as it did. */
export interface Limits {
  readonly completeFailuresInSuccession: number;
  readonly completeFailures: number;
  readonly partialFailuresInSuccession: number;
  readonly partialFailures: number;
  /** Wait after the first complete failure, multiplied by `backoffBase` for each further one. */
  readonly backoffMinMs: number;
  readonly backoffBase: number;
  readonly backoffMaxMs: number;
  /** A source that gives nothing for so long while asked is taken for dead. */
  readonly sourceHeartbeatMs: number;
  /** A destination that takes so long for one call or chunk is taken for dead. */
  readonly destinationTimeoutMs: number;
  /** Streams moved at the same time. */
  readonly parallelStreams: number;
  /** Bytes buffered in message sessions over all streams. */
  readonly bytesInFlight: number;
  /** After an abort, how long connectors may take to let go before they are left behind. */
  readonly cancelGraceMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  completeFailuresInSuccession: 5,
  completeFailures: 10,
  partialFailuresInSuccession: 1000,
  partialFailures: 20,
  backoffMinMs: 10_000,
  backoffBase: 3,
  backoffMaxMs: 1_800_000,
  sourceHeartbeatMs: 10_800_000,
  destinationTimeoutMs: 7_200_000,
  parallelStreams: 4,
  bytesInFlight: 32 * 1024 * 1024,
  cancelGraceMs: 800,
};
