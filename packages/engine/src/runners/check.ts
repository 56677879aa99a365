import type { CheckResult, Context, JsonObject } from "@weir/protocol";
import type { Commands } from "./commands.ts";
import type { Side } from "./failures.ts";
import { protocolBroken } from "./failures.ts";

/** What an executable says of a configuration. Its answer counts, whatever its exit code. */
export async function check(
  commands: Commands,
  side: Side,
  config: JsonObject,
  context: Context,
): Promise<CheckResult> {
  const { answer, failure } = await commands.ask({ name: "check", config }, context, side, (message) =>
    message.type === "CONNECTION_STATUS" ? message.connectionStatus : undefined,
  );
  if (answer?.status === "SUCCEEDED") return { status: "SUCCEEDED", failures: [] };
  if (answer === undefined) {
    const why =
      failure ?? protocolBroken({ id: commands.id, side }, "ended check without a CONNECTION_STATUS message");
    return { status: "FAILED", message: why.message, failures: [why.failure] };
  }
  const message = answer.message ?? "It says that the check failed, and not why.";
  return {
    status: "FAILED",
    message,
    failures: [
      {
        code: `${side}.check_failed`,
        message,
        next: `Correct the ${side}'s configuration, then check again.`,
        recovery: "ask",
        origin: side,
      },
    ],
  };
}
