import { constants } from "node:os";
import type { ParseProblem } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

export type Side = "source" | "destination";

/** What failures of an executable name: its id and the side it is on. */
export interface Speaker {
  readonly id: string;
  readonly side: Side;
}

export function notStarted({ id, side }: Speaker, why: string): WeirError {
  return new WeirError({
    code: "connector.not_started",
    message: `${id} could not be started: ${why}.`,
    next: "Correct its command: the executable must exist, be allowed to run, and be found from the project's folder.",
    recovery: "ask",
    origin: side,
  });
}

/** `tail`: the last lines of its stderr, without secrets. */
export function exited({ id, side }: Speaker, code: number, tail: string): WeirError {
  const signal = signalOf(code);
  const how = signal === undefined ? `with code ${code}` : `by ${signal} (code ${code})`;
  const last = tail.split("\n").findLast((line) => line.trim() !== "");
  return new WeirError({
    code: "connector.exited",
    message: `${id} ended ${how}${last === undefined ? "" : `: ${last.trim().slice(0, 300)}`}.`,
    next:
      signal === "SIGKILL"
        ? "The system kills what takes too much memory: give it more, or move fewer streams at a time."
        : "Its log lines above tell more; if it repeats, report it to the connector's maintainer.",
    recovery: "retry",
    origin: side,
    ...(tail === "" ? {} : { detail: tail }),
  });
}

function signalOf(code: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}

export function brokenMessage({ id, side }: Speaker, problem: ParseProblem): WeirError {
  return protocolBroken(
    { id, side },
    `sent a message that is not valid (${problem.path}: ${problem.message})`,
  );
}

/** `recovery` retry: where dying may be the cause. */
export function protocolBroken(
  { id, side }: Speaker,
  what: string,
  recovery: "retry" | "stop" = "stop",
): WeirError {
  return new WeirError({
    code: "connector.protocol",
    message: `${id} ${what}.`,
    next: "Report it to the connector's maintainer: it does not keep to the protocol.",
    recovery,
    origin: side,
  });
}

export function tooLarge({ id, side }: Speaker, bytes: number): WeirError {
  return new WeirError({
    code: "connector.message_too_large",
    message: `${id} sent a line of more than ${Math.floor(bytes / 1_048_576)} MiB.`,
    next: "Leave the large field out of the stream, or have the connector cut it.",
    recovery: "stop",
    origin: side,
  });
}

export function silent({ id, side }: Speaker, command: string, ms: number): WeirError {
  return new WeirError({
    code: "connector.silent",
    message: `${id} did not end its ${command} within ${Math.round(ms / 1000)} s.`,
    next: "Run the command by hand and see what it waits for.",
    recovery: "retry",
    origin: side,
  });
}

export function wrongKind({ id, side }: Speaker): WeirError {
  const is = side === "source" ? "destination" : "source";
  return new WeirError({
    code: "connector.kind",
    message: `${id} is a ${is}, not a ${side}.`,
    next: `Declare it under ${is}s.`,
    recovery: "ask",
    origin: "config",
  });
}
