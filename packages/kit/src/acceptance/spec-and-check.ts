import type { JsonObject, Message, Runner } from "@weir/protocol";
import { serializeMessage } from "@weir/protocol";
import { expect, expectEqual, stableText } from "./expect.ts";
import { onlyOne, ran, silentContext, wentWell } from "./run-command.ts";
import { specProblems } from "./spec-rules.ts";

/** What sources and destinations tell alike. */
export interface Subject {
  readonly runner: Runner;
  /** As a user would give it. */
  readonly config: JsonObject;
  /** Configurations that `check` must refuse, with what it must say. Empty: none can be wrong. */
  readonly invalid: readonly { readonly config: JsonObject; readonly says: RegExp }[];
  /** Values of the configurations that nobody may see. */
  readonly secrets?: readonly string[] | undefined;
  /** The specification as it was recorded, where a change of it is to be noticed. */
  readonly spec?: JsonObject | undefined;
}

export async function specRow({ runner, spec }: Subject): Promise<JsonObject> {
  const first = onlyOne(wentWell(await ran(runner, { name: "spec" }), "spec"), "SPEC");
  const again = onlyOne(wentWell(await ran(runner, { name: "spec" }), "spec"), "SPEC");
  expectEqual(serializeMessage(again), serializeMessage(first), "the second SPEC");
  const problems = specProblems(first.spec);
  expect(problems.length === 0, problems.join("; "));
  if (spec !== undefined) {
    expectEqual(stableText(first.spec as JsonObject), stableText(spec), "the specification");
  }
  return { recorded: spec !== undefined };
}

export async function checkRow(subject: Subject): Promise<JsonObject> {
  const { runner, config, invalid } = subject;
  const good = wentWell(await ran(runner, { name: "check", config }), "check");
  const { status, message } = onlyOne(good, "CONNECTION_STATUS").connectionStatus;
  expect(status === "SUCCEEDED", `check FAILED: ${message ?? "without a message"}`);
  noSecrets(good, subject);
  for (const { config: wrong, says } of invalid) {
    const messages = wentWell(await ran(runner, { name: "check", config: wrong }), "check");
    const answer = onlyOne(messages, "CONNECTION_STATUS").connectionStatus;
    expect(
      answer.status === "FAILED",
      `check SUCCEEDED with ${Object.keys(wrong).join(", ")} that are wrong`,
    );
    expect(says.test(answer.message ?? ""), `"${answer.message ?? ""}" does not match ${String(says)}`);
    noSecrets(messages, subject);
  }
  return { refused: invalid.length };
}

/** Records and states may hold any text; everything else that is said may not hold a secret. */
export function noSecrets(messages: readonly Message[], { secrets = [] }: Subject): void {
  for (const message of messages) {
    if (message.type === "RECORD" || message.type === "STATE" || message.type === "CONTROL") continue;
    const text = serializeMessage(message);
    for (const secret of secrets) {
      const found = [secret, encodeURIComponent(secret)].some((form) => text.includes(form));
      expect(!found, `a ${message.type} holds a secret`);
    }
  }
}

/** Says whether a command ends within `ms` of its being cancelled. */
export async function cancelledWithin(
  runner: Runner,
  command: Parameters<Runner["run"]>[0],
  options: { readonly ms: number; readonly after: (message: Message) => boolean },
): Promise<number> {
  const controller = new AbortController();
  let abortedAt = 0;
  const reading = (async () => {
    for await (const message of runner.run(command, silentContext(controller.signal))) {
      if (abortedAt !== 0 || !options.after(message)) continue;
      abortedAt = performance.now();
      controller.abort(new Error("cancelled"));
    }
  })().catch(() => undefined);
  const timer = Promise.withResolvers<void>();
  const watch = setInterval(() => {
    if (abortedAt !== 0 && performance.now() - abortedAt > options.ms + 500) timer.resolve();
  }, 20);
  await Promise.race([reading, timer.promise]);
  clearInterval(watch);
  expect(abortedAt !== 0, "it ended before it could be cancelled");
  const took = performance.now() - abortedAt;
  expect(took <= options.ms, `it went on for ${Math.round(took)} ms after the cancel`);
  return Math.round(took);
}
