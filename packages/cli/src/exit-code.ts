import type { Failure } from "@weir/protocol";

/** The four answers of every command. `refused` is kept for decisions of a policy. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export function exitCodeOf(failure: Failure): ExitCode {
  if (failure.code.startsWith("policy.")) return exitCodes.refused;
  if (failure.origin === "config") return exitCodes.usage;
  return exitCodes.failed;
}
