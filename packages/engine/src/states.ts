/** The tables of SPEC.md, as data: the engine moves its states only through `next`. */

export type SyncState = "planned" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
export type SyncSignal =
  | "start"
  | "attempt done"
  | "attempt broken, may retry"
  | "attempt broken, final"
  | "wait over"
  | "cancel";

export type AttemptState = "opening" | "moving" | "settling" | "done" | "broken";
export type AttemptSignal = "opened" | "streams over" | "settled" | "failure" | "cancel";

export type StreamState = "pending" | "loading" | "finishing" | "complete" | "broken";
export type StreamSignal = "begin" | "part committed" | "read to the end" | "finished" | "failure" | "cancel";

type Table<State extends string, Signal extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Signal, State>>>>
>;

export const SYNC: Table<SyncState, SyncSignal> = {
  planned: { start: "running", cancel: "cancelled" },
  running: {
    "attempt done": "succeeded",
    "attempt broken, may retry": "waiting",
    "attempt broken, final": "failed",
    cancel: "cancelled",
  },
  waiting: { "wait over": "running", cancel: "cancelled" },
  succeeded: { cancel: "succeeded" },
  failed: { cancel: "failed" },
  cancelled: { cancel: "cancelled" },
};

export const ATTEMPT: Table<AttemptState, AttemptSignal> = {
  opening: { opened: "moving", failure: "broken", cancel: "broken" },
  moving: { "streams over": "settling", failure: "broken", cancel: "broken" },
  settling: { settled: "done", failure: "broken", cancel: "broken" },
  done: { failure: "done", cancel: "done" },
  broken: { failure: "broken", cancel: "broken" },
};

export const STREAM: Table<StreamState, StreamSignal> = {
  pending: { begin: "loading", finished: "complete", failure: "broken", cancel: "broken" },
  loading: {
    "part committed": "loading",
    "read to the end": "finishing",
    failure: "broken",
    cancel: "broken",
  },
  finishing: { finished: "complete", failure: "broken", cancel: "broken" },
  complete: { failure: "complete", cancel: "complete" },
  broken: { failure: "broken", cancel: "broken" },
};

/** The state after a signal. Throws on a pair the table leaves out: that is a defect of the engine. */
export function next<State extends string, Signal extends string>(
  table: Table<State, Signal>,
  state: State,
  signal: Signal,
): State {
  const to = table[state][signal];
  if (to === undefined) throw new Error(`No transition from "${state}" on "${signal}"`);
  return to;
}
