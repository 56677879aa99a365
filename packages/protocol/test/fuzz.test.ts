import { describe, expect, test } from "vitest";
import { fuzzed, fuzzInputs } from "@weir/kit/testing";
import { parseMessage, serializeMessage } from "../src/index.ts";
import { LINES } from "./messages.ts";

const TOKENS = [
  ...'{ } [ ] , : " \\'.split(" "),
  "null",
  "true",
  "-0",
  "1e400",
  "1e-400",
  "0.1e",
  "01",
  "123456789012345678901234567890123456789012345",
  "\\ud800",
  "\\u0000",
  "\u0000",
  "\ufeff",
  "\u2028",
  '"__proto__":',
  '"type":"RECORD",',
  '"type":"STATE",',
  "[".repeat(3000),
  '{"a":'.repeat(3000),
];

describe("any bytes as a line of the protocol", () => {
  test("are a message that survives a round trip, or a problem told in a few words", () => {
    const inputs = fuzzInputs();
    let messages = 0;
    let problems = 0;
    for (const input of fuzzed({ corpus: Object.values(LINES), tokens: TOKENS, seed: 1, inputs })) {
      const parsed = parseMessage(input);
      if (!parsed.ok) {
        problems += 1;
        expect(parsed.problem.message.length).toBeLessThan(600);
        continue;
      }
      messages += 1;
      const again = parseMessage(serializeMessage(parsed.value));
      expect(again).toEqual(parsed);
    }
    expect(messages + problems).toBe(inputs);
    expect(Math.min(messages, problems)).toBeGreaterThan(inputs / 50);
  });
});
