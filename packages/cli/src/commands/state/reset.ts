import { resetState, showState } from "@weir/engine";
import type { Command } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { suggestion } from "../../project/suggest.ts";
import { usageError } from "../../project/usage.ts";
import { withState } from "./target.ts";

interface ResetOptions extends EndpointOptions {
  readonly streams?: readonly string[];
}

export const resetCheckpoints: Command<ResetOptions> = async (context, [name = ""], options) => {
  const wanted = options.streams ?? [];
  const reset = await withState(context, name, options, async (request) => {
    const known = (await showState(request)).streams.map(({ stream }) => stream);
    const unknown = wanted.find((stream) => !known.includes(stream));
    if (unknown === undefined) return resetState(request, wanted);
    throw usageError(
      `The connection ${name} has no state for a stream "${unknown}".`,
      suggestion(unknown, known, "streams"),
      "usage.stream_unknown",
    );
  });
  return {
    code: exitCodes.done,
    result: { connection: name, reset: [...reset] },
    lines: [
      reset.length === 0
        ? `The connection ${name} has no state to reset.`
        : `Forgotten: ${reset.join(", ")}. The rows stay; the next sync reads from the beginning.`,
    ],
  };
};
