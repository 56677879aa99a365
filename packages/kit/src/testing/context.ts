import type { Clock, Context, LogLevel } from "@weir/protocol";
import { fakeClock } from "./clock.ts";

export interface TestContext extends Context {
  readonly clock: Clock;
  /** Lines logged so far. */
  readonly lines: readonly { readonly level: LogLevel; readonly message: string }[];
}

/** What a call into a connector is given, with the log kept. */
export function testContext(parts: Partial<Pick<Context, "clock" | "signal">> = {}): TestContext {
  const lines: { level: LogLevel; message: string }[] = [];
  return {
    clock: parts.clock ?? fakeClock(),
    signal: parts.signal ?? new AbortController().signal,
    log: (level, message) => void lines.push({ level, message }),
    lines,
  };
}
