import type { JsonValue, Stream } from "@weir/protocol";
import { fieldsOf, streamKey } from "@weir/protocol";
import type { Command, CommandContext } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { table } from "../../output/table.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { atPlace } from "../../project/place.ts";
import { chosenSource } from "../../project/source.ts";
import { findStream } from "./stream.ts";

interface DiscoverOptions extends EndpointOptions {
  readonly stream?: string;
}

export const discover: Command<DiscoverOptions> = async (context, [name], options) => {
  const { io, log } = context;
  const { endpoint, connector, config } = await chosenSource(context, name, options);
  const catalog = await atPlace(endpoint, () =>
    connector.discover(config, { clock: io.clock, log, signal: io.signal }),
  );
  const { stream: wanted } = options;
  const stream = wanted === undefined ? undefined : findStream(catalog, wanted);
  return {
    code: exitCodes.done,
    result: (stream ?? catalog) as unknown as JsonValue,
    lines: stream === undefined ? streamLines(context, catalog.streams) : fieldLines(context, stream),
  };
};

function streamLines(context: CommandContext, streams: readonly Stream[]): readonly string[] {
  if (streams.length === 0) return ["The source has no streams that can be read."];
  const rows = streams.map((stream) => [
    streamKey(stream),
    String(fieldsOf(stream.json_schema).length),
    keyText(stream),
    cursorText(stream),
    stream.supported_sync_modes.join(", "),
  ]);
  const columns = [
    { title: "Stream" },
    { title: "Fields", align: "right" },
    { title: "Key" },
    { title: "Cursor" },
    { title: "Modes" },
  ] as const;
  return [...table(columns, rows, { head: (line) => context.style("bold", line) })];
}

function fieldLines(context: CommandContext, stream: Stream): readonly string[] {
  const rows = fieldsOf(stream.json_schema).map(({ name, kind, native, precision, scale }) => [
    name,
    precision === undefined ? kind : `${kind}(${precision},${scale ?? 0})`,
    native?.type ?? "",
  ]);
  return table([{ title: "Field" }, { title: "Type" }, { title: "At the source" }], rows, {
    head: (line) => context.style("bold", line),
  });
}

function keyText(stream: Stream): string {
  return (stream.source_defined_primary_key ?? []).map((path) => path.join(".")).join(", ");
}

function cursorText(stream: Stream): string {
  return stream.source_defined_cursor === true
    ? "the source's own"
    : (stream.default_cursor_field ?? []).join(".");
}
