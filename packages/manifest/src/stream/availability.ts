import type { CheckResult, Failure } from "@weir/protocol";
import { failureOf } from "@weir/protocol";
import type { StreamComponent } from "../components/stream/contract.ts";

/** Why a stream cannot be read, found out with its first partition's first record; null: it can. */
async function unavailable(stream: StreamComponent, signal: AbortSignal): Promise<Failure | null> {
  try {
    for await (const slice of stream.open({ state: null }).slices(signal)) {
      for await (const _ of slice.records(signal)) return null;
      return null;
    }
  } catch (error) {
    signal.throwIfAborted();
    const failure = failureOf(error, "source");
    return {
      ...failure,
      message: `Stream ${stream.name} is not available: ${failure.message}`,
      stream: stream.name,
    };
  }
  return {
    code: "manifest.no_partitions",
    message: `Stream ${stream.name} is not available: it has nothing to be read by, as its parent has no records.`,
    next: "Give the account access to at least one record of the parent stream, or check another stream.",
    recovery: "ask",
    origin: "source",
    stream: stream.name,
  };
}

/** The first stream that cannot be read ends the check. */
export async function checkStreams(
  streams: readonly StreamComponent[],
  signal: AbortSignal,
): Promise<CheckResult> {
  for (const stream of streams) {
    const failure = await unavailable(stream, signal);
    if (failure !== null) return failed(failure);
  }
  return { status: "SUCCEEDED", failures: [] };
}

export function failed(failure: Failure): CheckResult {
  return { status: "FAILED", message: failure.message, failures: [failure] };
}

export const NO_STREAMS: Failure = {
  code: "manifest.no_streams",
  message: "The manifest gives no stream for this configuration.",
  next: "Correct the configuration, or add streams to the manifest.",
  recovery: "ask",
  origin: "source",
};
