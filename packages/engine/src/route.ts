import type { DestinationSession, Encoding, StreamPlan, StreamReader } from "@weir/protocol";

export interface Route {
  readonly first: Encoding;
  /** The typed route a refused part is replayed through. */
  readonly batch: Encoding;
}

/** The cheapest encoding both sides know for the stream, and the typed one behind it. */
export function chooseRoute(
  session: DestinationSession,
  plan: StreamPlan,
  reader: Pick<StreamReader, "gives"> | undefined,
): Route {
  const taken = [...session.takes(plan)].toSorted((left, right) => left.cost - right.cost);
  const batch = taken.find((encoding) => encoding.format === "batch");
  if (batch === undefined) throw new Error(`The destination takes no batches for ${plan.key}`);
  const first = taken.find((encoding) => encoding.format === "batch" || reader?.gives(encoding) === true);
  return { first: first ?? batch, batch };
}
