import { WeirError } from "@weir/protocol";

/** What the user asked for cannot be done as asked: exit code 2. */
export function usageError(message: string, next: string, code = "usage.arguments"): WeirError {
  return new WeirError({ code, message, next, recovery: "ask", origin: "config" });
}
