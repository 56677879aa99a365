import { WeirError } from "@weir/protocol";

export function malformed(what: string): WeirError {
  return new WeirError({
    code: "destination.bytes_malformed",
    message: `The rows did not arrive as COPY writes them: ${what}.`,
    next: "Nothing: the rows are read again by the checked route.",
    recovery: "skip",
    origin: "destination",
  });
}
