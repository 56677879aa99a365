import type { Readable } from "node:stream";
import type { Message } from "@weir/protocol";
import { parseMessage, WeirError } from "@weir/protocol";

const NEWLINE = 10;

/** The messages on an input, one on each line. Types this version does not know are passed over, as is an empty line. */
export async function* inputMessages(input: Readable): AsyncGenerator<Message> {
  let number = 0;
  for await (const line of linesOf(input)) {
    number += 1;
    if (line.length === 0) continue;
    const parsed = parseMessage(line);
    if (parsed.ok) yield parsed.value;
    else if (parsed.problem.kind !== "not-a-message" || parsed.problem.path !== "type") {
      throw broken(number, parsed.problem);
    }
  }
}

/** Lines without their ends; pieces of a long one are joined once. */
async function* linesOf(input: Readable): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, end);
      yield pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]);
      pieces = [];
      from = end + 1;
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
  }
  if (pieces.length > 0) yield Buffer.concat(pieces);
}

/** A line that is lost may be a record: nothing after it is taken. */
function broken(line: number, problem: { readonly path: string; readonly message: string }): WeirError {
  return new WeirError({
    code: "connector.protocol",
    message: `Line ${line} of the input is no message: ${problem.path === "" ? "" : `${problem.path}: `}${problem.message}.`,
    next: "Look at what writes the input; what was committed before stays.",
    recovery: "stop",
    origin: "source",
  });
}
