import { Type } from "@weir/kit";
import { isObject } from "@weir/protocol";
import type { Failure, JsonValue } from "@weir/protocol";
import type { Scope } from "../../component.ts";
import { defineComponent } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { checkStreams, failed, NO_STREAMS } from "../../stream/availability.ts";
import type { StreamComponent } from "../stream/contract.ts";
import type { CheckSubject } from "./contract.ts";

/** In the configuration: the platform's own choice of streams. */
const NAMES_KEY = "__airbyte_check_stream_names";

export const checkStream = defineComponent({
  kind: "check",
  type: "CheckStream",
  doc: "Checks a connection by reading the first record of some streams.",
  fields: Type.Object({
    stream_names: Type.Optional(Type.Array(Type.String(), { description: "The streams to read, in order." })),
    dynamic_streams_check_configs: Type.Optional(
      Type.Array(Type.Unknown(), {
        description:
          "Dynamic streams to read too, each a DynamicStreamCheckConfig: dynamic_stream_name, and stream_count as the most to read.",
      }),
    ),
    config_overrides: Type.Optional(
      Type.Unknown({ description: "Settings that hold while the check runs, as an object." }),
    ),
  }),
  build: (node, scope) => ({
    run: async (subject, signal) => {
      const { streams } = subject;
      if (streams.length === 0) return failed(NO_STREAMS);
      const names = namesIn(scope) ?? node.stream_names ?? [];
      const named: StreamComponent[] = [];
      for (const name of names) {
        const stream = streams.findLast((each) => each.name === name);
        // What comes before it is checked first, as its failure tells more.
        if (stream === undefined) return failed(await firstOf(named, unknown(name, streams), signal));
        named.push(stream);
      }
      const generated = generatedBy(node.dynamic_streams_check_configs ?? [], subject);
      return Array.isArray(generated)
        ? checkStreams([...named, ...(generated as readonly StreamComponent[])], signal)
        : failed(await firstOf(named, generated as Failure, signal));
    },
  }),
});

async function firstOf(
  streams: readonly StreamComponent[],
  failure: Failure,
  signal: AbortSignal,
): Promise<Failure> {
  const { failures } = await checkStreams(streams, signal);
  return failures[0] ?? failure;
}

function namesIn({ config }: Scope): readonly string[] | null {
  const names = config[NAMES_KEY];
  if (!Array.isArray(names) || names.length === 0) return null;
  return (names as readonly JsonValue[]).filter((name) => typeof name === "string");
}

function generatedBy(
  configs: readonly unknown[],
  { dynamic }: CheckSubject,
): readonly StreamComponent[] | Failure {
  const found: StreamComponent[] = [];
  for (const config of configs.filter(isObject)) {
    const { dynamic_stream_name: name, stream_count: count } = config;
    const streams = dynamic.get(textOf(name));
    if (streams === undefined) return unknownDynamic(textOf(name));
    found.push(...(typeof count === "number" ? streams.slice(0, count) : streams));
  }
  return found;
}

function unknown(name: string, streams: readonly StreamComponent[]): Failure {
  const known = streams.slice(0, 20).map((stream) => stream.name);
  return {
    code: "manifest.check_stream",
    message: `The check names a stream ${name}, which there is not.`,
    next: `Name one of these in check.stream_names: ${known.join(", ")}.`,
    recovery: "ask",
    origin: "source",
    path: "check.stream_names",
  };
}

function unknownDynamic(name: string): Failure {
  return {
    code: "manifest.check_stream",
    message: `The check names a dynamic stream ${name}, which there is not.`,
    next: "Name one of dynamic_streams in check.dynamic_streams_check_configs.",
    recovery: "ask",
    origin: "source",
    path: "check.dynamic_streams_check_configs",
  };
}
