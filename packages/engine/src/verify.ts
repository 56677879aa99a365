import type { AttemptContext } from "./attempt-context.ts";
import type { VerifyResult } from "./request.ts";
import { isDedup, isIncremental } from "./select.ts";
import type { StreamRun } from "./stream-run.ts";

/** Compares source and destination as the request asks; undefined when it asks for nothing. */
export async function verifyStream(
  attempt: AttemptContext,
  run: StreamRun,
): Promise<VerifyResult | undefined> {
  const kind = attempt.request.verify ?? "none";
  if (kind === "none") return undefined;
  const { plan, selected } = run.planned;
  if (attempt.acknowledgesLater) return incomparable("the destination cannot count its rows");
  const measure = run.reader?.measure?.bind(run.reader);
  if (measure === undefined) return incomparable("the source cannot count its rows");
  if (!isDedup(selected.mode) && selected.mode !== "full_refresh_overwrite")
    return incomparable("append keeps history");
  const key = kind === "checksum" ? plan.primaryKey : [];
  if (kind === "checksum" && key.length === 0) return incomparable("no primary key for a checksum");
  const request = { key, signal: attempt.signal };
  const source = await attempt.watchdog.during("source", `measure ${run.key}`, () => measure(request));
  const destination = await attempt.watchdog.during("destination", `measure ${run.key}`, () =>
    attempt.session.measure(plan, request),
  );
  const equal = source.rows === destination.rows && source.checksum === destination.checksum;
  // Rows deleted at the source stay after an incremental sync: more is no loss.
  if (!equal && isIncremental(selected.mode) && destination.rows > source.rows) {
    return { ...incomparable("the destination keeps rows deleted at the source"), source, destination };
  }
  return { outcome: equal ? "equal" : "different", source, destination };
}

function incomparable(reason: string): VerifyResult {
  return { outcome: "not comparable", reason };
}
